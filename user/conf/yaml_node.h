/* SPDX-License-Identifier: Apache-2.0 */
/* yaml_node.h - what happens to a mapping when all of it was read. Inside of yaml.c's family only. */
#ifndef TROTH_CONF_YAML_NODE_H
#define TROTH_CONF_YAML_NODE_H

#include "yaml.h"

/* Says which keys stand twice, and merges `<<` in. 0, -EINVAL: said, the file ends here; -ENOMEM. */
int yaml_mapping_close(struct arena *a, struct problems *problems, struct yaml_node *mapping);

#endif
