// SPDX-License-Identifier: Apache-2.0
/*
 * bpf_test.c - the programs in this kernel, on real loopback connections. Truth is what the
 * client counted. (BPF_PROG_TEST_RUN does not take tp_btf programs.)
 */
#include "bench.h"

static void every_program_passes_the_verifier(void **state)
{
	struct bench b = bench_open((struct setup){ .roles = 3, .servers = 1, .clients = 1 });
	struct bpf_program *program;
	unsigned int n = 0;

	(void)state;
	bpf_object__for_each_program(program, b.skeleton->obj) {
		struct bpf_prog_info info = {};
		__u32 size = sizeof(info);

		if (!bpf_program__autoload(program))
			continue;
		assert_int_equal(0, bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size));
		assert_true(info.xlated_prog_len > 0);
		n++;
	}
	assert_int_equal(HASHED ? 23 : 24, n);
	bench_close(&b);
}

#if !HASHED
/* Confidentiality mode refuses such calls (user/collect/lockdown.c). */
static void no_program_reads_kernel_memory_by_a_helper(void **state)
{
	struct bench b = bench_open((struct setup){ .roles = 3, .servers = 1, .clients = 1 });
	struct bpf_program *program;
	unsigned int calls = 0;

	(void)state;
	bpf_object__for_each_program(program, b.skeleton->obj) {
		const struct bpf_insn *insns = bpf_program__insns(program);

		for (size_t i = 0; i < bpf_program__insn_cnt(program); i++) {
			if (insns[i].code != (BPF_JMP | BPF_CALL) || insns[i].src_reg)
				continue;
			calls += insns[i].imm == BPF_FUNC_probe_read_user;
			if (insns[i].imm == BPF_FUNC_probe_read_kernel ||
			    insns[i].imm == BPF_FUNC_probe_read_kernel_str ||
			    insns[i].imm == BPF_FUNC_probe_read ||
			    insns[i].imm == BPF_FUNC_probe_read_str)
				fail_msg("%s calls helper %d", bpf_program__name(program),
					 insns[i].imm);
		}
	}
	assert_true(calls > 0); /* those of subprograms are among them */
	bench_close(&b);
}

#endif

/* Storage of sockets is limited by the sockets; every other map says its own limit. */
static void every_map_has_a_limit(void **state)
{
	struct bench b = bench_open((struct setup){ .roles = 3, .servers = 3, .clients = 2 });
	struct bpf_map *map;

	(void)state;
	bpf_object__for_each_map(map, b.skeleton->obj) {
		enum bpf_map_type type = bpf_map__type(map);

		if (type == BPF_MAP_TYPE_SK_STORAGE)
			continue;
		if (!bpf_map__max_entries(map))
			fail_msg("map %s has no limit", bpf_map__name(map));
		if (type == BPF_MAP_TYPE_LRU_HASH || type == BPF_MAP_TYPE_LRU_PERCPU_HASH)
			fail_msg("map %s forgets silently", bpf_map__name(map));
	}
	assert_int_equal(b.n_series, bpf_map__max_entries(b.skeleton->maps.series));
	bench_close(&b);
}

static void an_exchange_is_counted_once_on_each_side(void **state)
{
	struct bench b = bench_open((struct setup){ .roles = 3, .servers = 1, .clients = 1 });
	pthread_t server = serve_port(&b, 0);
	struct series_counts counts[2];
	int fd = connect_to(b.port[0]);

	(void)state;
	assert_true(ask(fd, GET) && ask(fd, BREAK) && ask(fd, GET));
	close(fd);
	settle(&b, SERIES_FIRST, 1);
	for (unsigned int i = 0; i < 2; i++) {
		counts[i] = counts_at(&b, i ? ROLE_CLIENT : ROLE_SERVER, b.port[0]);
		assert_int_equal(2, exchanges(&counts[i], OUTCOME_OK));
		assert_int_equal(1, exchanges(&counts[i], OUTCOME_SERVER_ERROR));
		assert_int_equal(3, exchanges_total(&counts[i]));
		assert_int_equal(3, histogram_total(counts[i].duration));
		assert_int_equal(1, counts[i].opened);
		assert_int_equal(1, counts[i].closed);
	}
	assert_int_equal(3 * ASKED, counts[0].bytes_in);
	assert_int_equal(3 * (sizeof(OK) - 1), counts[0].bytes_out);
	assert_int_equal(counts[0].bytes_in, counts[1].bytes_out);
	assert_int_equal(counts[0].bytes_out, counts[1].bytes_in);
	stop_serving(&b, 0, server);
	bench_close(&b);
}

static void a_threshold_is_judged_exchange_by_exchange(void **state)
{
	struct bench b = bench_open((struct setup){ .roles = 1, .servers = 1 });
	pthread_t server = serve_port(&b, 0);
	struct series_counts counts;
	int fd = connect_to(b.port[0]);

	(void)state;
	for (unsigned int i = 0; i < 10; i++)
		assert_true(ask(fd, i % 5 ? GET : SLOW));
	close(fd);
	settle(&b, SERIES_FIRST, 1);
	counts = counts_of(&b, SERIES_FIRST);
	assert_int_equal(8, counts.exchanges[1][OUTCOME_OK]);
	assert_int_equal(2, counts.exchanges[0][OUTCOME_OK]);
	assert_true(counts.max_ns >= SLOW_US * 1000ULL);
	assert_true(counts.service_ns >= 2 * SLOW_US * 1000ULL);
	stop_serving(&b, 0, server);
	bench_close(&b);
}

#define WAITING 200

/* What names a socket in the map: its number here, or its cookie. */
static __u64 key_of(int fd)
{
	socklen_t size = sizeof(__u64);
	__u64 cookie = (__u64)fd;

	if (HASHED)
		assert_int_equal(0, getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &size));
	return cookie;
}

static void storage_is_freed_with_its_socket(void **state)
{
	struct bench b = bench_open((struct setup){ .roles = 3, .servers = 1, .clients = 1 });
	int client[WAITING], server[WAITING];
	struct connection_bytes {
		char bytes[4096];
	} *value = calloc(1, sizeof(*value));
	unsigned int left = 0;
	__u64 key = 0;

	(void)state;
	for (unsigned int i = 0; i < WAITING; i++) {
		client[i] = connect_to(b.port[0]);
		server[i] = accept(b.listener[0], NULL, NULL);
		assert_int_equal(ASKED, send(client[i], GET, ASKED, MSG_NOSIGNAL));
	}
	assert_true(bpf_map__value_size(b.skeleton->maps.connections) <= sizeof(*value));
	key = key_of(server[0]);
	assert_int_equal(0, bpf_map_lookup_elem(bpf_map__fd(b.skeleton->maps.connections), &key,
						value));
	/* One line for each request that waits: at the client, and unread at the server. */
	assert_int_equal(2 * WAITING, sweep(&b, false));
	for (unsigned int i = 0; i < WAITING; i++) {
		close(client[i]);
		close(server[i]);
	}
	for (unsigned int i = 0; i < 100 && (left = sweep(&b, false)); i++)
		usleep(10000);
	assert_int_equal(0, left);
	free(value);
	bench_close(&b);
}

/* ---- many threads ---- */

#define CONNECTIONS 40 /* of each thread, one after the other */
#define REQUESTS    50 /* on each of them */
#define FAILS_EVERY 7

struct hammer {
	pthread_t server, client;
	int listener;
	uint16_t port;
	unsigned int cpu, cpus;
	uint64_t ok, failed, connections;
};

static void pin(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

/* Pinned beside its clients, so that softirq interrupts hooks and counting on every CPU. */
static void *hammer_server(void *context)
{
	struct hammer *h = context;

	pin((h->cpu + 1) % h->cpus);
	return server_thread((void *)(intptr_t)h->listener);
}

static void *hammer_client(void *context)
{
	struct hammer *h = context;

	pin(h->cpu);
	for (unsigned int i = 0; i < CONNECTIONS; i++) {
		int fd = connect_to(h->port);

		if (fd < 0)
			continue;
		h->connections++;
		for (unsigned int k = 0; k < REQUESTS; k++) {
			bool fails = k % FAILS_EVERY == 0;

			if (!ask(fd, fails ? BREAK : GET))
				break;
			h->ok += !fails;
			h->failed += fails;
		}
		close(fd);
	}
	return NULL;
}

static void hammer_start(const struct bench *b, struct hammer *h, unsigned int n)
{
	unsigned int cpus = (unsigned int)sysconf(_SC_NPROCESSORS_ONLN);

	for (unsigned int i = 0; i < n; i++) {
		h[i] = (struct hammer){ .listener = b->listener[0],
					.port = b->port[0],
					.cpu = i % cpus,
					.cpus = cpus };
		assert_int_equal(0, pthread_create(&h[i].server, NULL, hammer_server, &h[i]));
	}
	for (unsigned int i = 0; i < n; i++)
		assert_int_equal(0, pthread_create(&h[i].client, NULL, hammer_client, &h[i]));
}

static struct hammer hammer_stop(const struct bench *b, struct hammer *h, unsigned int n)
{
	struct hammer sum = {};

	for (unsigned int i = 0; i < n; i++) {
		pthread_join(h[i].client, NULL);
		sum.ok += h[i].ok;
		sum.failed += h[i].failed;
		sum.connections += h[i].connections;
	}
	shutdown(b->listener[0], SHUT_RDWR);
	for (unsigned int i = 0; i < n; i++)
		pthread_join(h[i].server, NULL);
	return sum;
}

/*
 * A hook that meets a sweep on its connection may leave its step to the next look: it is counted,
 * and its payload is gone. It is never more than that.
 */
static void hammer_counts(struct bench *b, const struct hammer *truth)
{
	uint64_t left = b->skeleton->bss->losses.contended;

	for (enum role role = 0; role < ROLES; role++) {
		struct series_counts c = counts_at(b, role, b->port[0]);
		uint64_t unknown = exchanges(&c, OUTCOME_UNKNOWN);

		assert_int_equal(truth->ok + truth->failed, exchanges_total(&c));
		assert_int_equal(truth->ok + truth->failed, histogram_total(c.duration));
		assert_in_range(exchanges(&c, OUTCOME_OK), truth->ok - unknown, truth->ok);
		assert_in_range(exchanges(&c, OUTCOME_SERVER_ERROR), truth->failed - unknown,
				truth->failed);
		assert_int_equal(truth->ok + truth->failed,
				 exchanges(&c, OUTCOME_OK) + exchanges(&c, OUTCOME_SERVER_ERROR) +
					 unknown);
		assert_true(unknown <= 2 * left);
		assert_int_equal(truth->connections, c.opened);
		assert_int_equal(truth->connections, c.closed);
		assert_int_equal((truth->ok + truth->failed) *
					 (role == ROLE_CLIENT ? sizeof(OK) - 1 : ASKED),
				 c.bytes_in);
	}
	assert_int_equal(0, b->skeleton->bss->losses.merged);
	assert_int_equal(0, b->skeleton->bss->losses.no_storage);
}

/* Stripes are fewer than CPUs too: counts of one stripe come from several CPUs at once. */
static void threads_on_every_cpu_lose_and_double_nothing(void **state)
{
	unsigned int n = 4 * (unsigned int)sysconf(_SC_NPROCESSORS_ONLN);
	struct hammer *h = calloc(n, sizeof(*h)), truth;

	(void)state;
	assert_non_null(h);
	for (unsigned int stripes = 1; stripes <= 2; stripes++) {
		struct bench b = bench_open((struct setup){
			.roles = 3, .servers = 8, .clients = 8, .stripes = stripes });

		hammer_start(&b, h, n);
		truth = hammer_stop(&b, h, n);
		assert_int_equal(n * CONNECTIONS * REQUESTS, truth.ok + truth.failed);
		settle(&b, series_of(&b, ROLE_SERVER, b.port[0]), truth.connections);
		hammer_counts(&b, &truth);
		assert_int_equal(0, b.skeleton->bss->losses.contended);
		bench_close(&b);
	}
	free(h);
}

static volatile bool sweeping;

static void *sweep_thread(void *bench)
{
	while (sweeping)
		sweep(bench, false);
	return NULL;
}

/* With an idle_end of nearly nothing an answer is ended by a sweep or by the next request. */
static void sweeps_that_race_with_hooks_end_nothing_twice(void **state)
{
	unsigned int n = 2 * (unsigned int)sysconf(_SC_NPROCESSORS_ONLN);
	struct bench b = bench_open(
		(struct setup){ .roles = 3, .servers = 8, .clients = 8, .idle_end_ns = 30000000 });
	struct hammer *h = calloc(n, sizeof(*h)), truth;
	pthread_t sweeper;

	(void)state;
	assert_non_null(h);
	sweeping = true;
	assert_int_equal(0, pthread_create(&sweeper, NULL, sweep_thread, &b));
	hammer_start(&b, h, n);
	truth = hammer_stop(&b, h, n);
	sweeping = false;
	pthread_join(sweeper, NULL);
	settle(&b, series_of(&b, ROLE_SERVER, b.port[0]), truth.connections);
	hammer_counts(&b, &truth);
	bench_close(&b);
	free(h);
}

/* ---- free numbers ---- */

static void visit_each_port(struct bench *b)
{
	for (unsigned int i = 0; i < b->n_ports; i++) {
		pthread_t server = serve_port(b, i);
		int fd = connect_to(b->port[i]);

		assert_true(ask(fd, GET) && ask(fd, GET));
		close(fd);
		stop_serving(b, i, server);
	}
}

static unsigned int numbers_left(int queue)
{
	unsigned int n = 0;
	__u32 number;

	while (!bpf_map_lookup_and_delete_elem(queue, NULL, &number)) {
		assert_true(number >= SERIES_FIRST);
		n++;
	}
	return n;
}

static void without_a_free_number_exchanges_count_into_the_overflow(void **state)
{
	struct bench b = bench_open((struct setup){ .roles = 1, .servers = 1, .ports = PORTS });
	struct series_counts own, overflow;

	(void)state;
	visit_each_port(&b);
	settle(&b, SERIES_OVERFLOW(ROLE_SERVER), PORTS - 1);
	own = counts_of(&b, SERIES_FIRST);
	overflow = counts_of(&b, SERIES_OVERFLOW(ROLE_SERVER));
	assert_int_equal(2, exchanges_total(&own));
	assert_int_equal(2 * (PORTS - 1), exchanges_total(&overflow));
	assert_int_equal(2 * (PORTS - 1), exchanges(&overflow, OUTCOME_OK));
	assert_int_equal(PORTS - 1, b.skeleton->bss->losses.no_series[ROLE_SERVER]);
	assert_int_equal(0, b.skeleton->bss->losses.no_series[ROLE_CLIENT]);
	bench_close(&b);
}

static void the_shares_of_servers_and_clients_are_their_own(void **state)
{
	struct bench b = bench_open((struct setup){ .roles = 3, .servers = PORTS, .ports = PORTS });
	struct series_counts overflow;

	(void)state;
	visit_each_port(&b);
	settle(&b, SERIES_OVERFLOW(ROLE_CLIENT), PORTS);
	for (unsigned int i = 0; i < PORTS; i++) {
		struct series_counts own = counts_of(&b, SERIES_FIRST + i);

		assert_int_equal(2, exchanges_total(&own));
	}
	overflow = counts_of(&b, SERIES_OVERFLOW(ROLE_CLIENT));
	assert_int_equal(2 * PORTS, exchanges_total(&overflow));
	bench_close(&b);
}

static void a_number_whose_endpoint_finds_no_room_returns_to_its_queue(void **state)
{
	struct bench b = bench_open(
		(struct setup){ .roles = 1, .servers = PORTS, .ports = PORTS, .endpoints = 1 });
	struct series_counts overflow;

	(void)state;
	visit_each_port(&b);
	settle(&b, SERIES_OVERFLOW(ROLE_SERVER), PORTS - 1);
	overflow = counts_of(&b, SERIES_OVERFLOW(ROLE_SERVER));
	assert_int_equal(2 * (PORTS - 1), exchanges_total(&overflow));
	assert_int_equal(PORTS - 1, b.skeleton->bss->losses.endpoints_full);
	assert_int_equal(PORTS - 1, numbers_left(bpf_map__fd(b.skeleton->maps.free_servers)));
	bench_close(&b);
}

/* The verifier's reasons once, not once a test. */
static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	static int said;

	return level == LIBBPF_WARN && said++ < 3 ? vfprintf(stderr, format, args) : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_program_passes_the_verifier),
#if !HASHED
		cmocka_unit_test(no_program_reads_kernel_memory_by_a_helper),
#endif
		cmocka_unit_test(every_map_has_a_limit),
		cmocka_unit_test(an_exchange_is_counted_once_on_each_side),
		cmocka_unit_test(a_threshold_is_judged_exchange_by_exchange),
		cmocka_unit_test(storage_is_freed_with_its_socket),
		cmocka_unit_test(threads_on_every_cpu_lose_and_double_nothing),
		cmocka_unit_test(sweeps_that_race_with_hooks_end_nothing_twice),
		cmocka_unit_test(without_a_free_number_exchanges_count_into_the_overflow),
		cmocka_unit_test(the_shares_of_servers_and_clients_are_their_own),
		cmocka_unit_test(a_number_whose_endpoint_finds_no_room_returns_to_its_queue),
	};

	libbpf_set_print(quiet);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
