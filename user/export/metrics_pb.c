// SPDX-License-Identifier: Apache-2.0
/* metrics_pb.c - what protoc-c made of metrics.proto, as an object like every other. */
#include <metrics.pb-c.c>
