// SPDX-License-Identifier: Apache-2.0
/* fuzz_codec.c - any bytes as counters. What is read is written and read again as the same. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../user/store/codec.h"
#include "check.h"

static int found(void *context, const struct codec_counter *counter, uint64_t value)
{
	__u64 *place = codec_find(context, counter);

	CHECK(place && !*place);
	*place = value;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct series_counts first = {}, again = {}, named = {}, d;
	unsigned char bytes[CODEC_BYTES_MAX];
	struct losses l = {}, l_again = {};
	size_t n;

	if (codec_add(data, size, &first)) {
		CHECK(counts_empty(&first));
	} else {
		n = codec_write(&first, bytes);
		CHECK(!codec_add(bytes, n, &again));
		CHECK(!memcmp(&first, &again, sizeof(first)));
		codec_each(&first, found, &named);
		CHECK(!memcmp(&first, &named, sizeof(first)));
		CHECK(counts_difference(&again, &first, &d) && counts_empty(&d));
	}
	if (!losses_add(data, size, &l)) {
		n = losses_write(&l, bytes);
		CHECK(n <= LOSSES_BYTES_MAX && !losses_add(bytes, n, &l_again));
		CHECK(!memcmp(&l, &l_again, sizeof(l)));
	}
	return 0;
}
