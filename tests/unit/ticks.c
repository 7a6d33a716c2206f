// SPDX-License-Identifier: Apache-2.0
/* ticks.c - see ticks.h. Linked with --wrap for what allocates, the clock and the log. */
#include "ticks.h"

#include "../../user/daemon/daemon_inside.h"

/* --- what fails --------------------------------------------------------------------------------- */

static unsigned long asked, from, until;
static bool refused;

void memory_ends(unsigned long n, unsigned long many)
{
	asked = 0;
	from = n;
	until = n && many ? n + many : 0;
	refused = false;
}

bool memory_ended(void)
{
	return refused;
}

static bool is_over(void)
{
	bool over = until && ++asked >= from && asked < until;

	refused |= over;
	return over;
}

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__real_reallocarray(void *p, size_t n, size_t size);
char *__real_strdup(const char *s);

void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_reallocarray(void *p, size_t n, size_t size);
char *__wrap_strdup(const char *s);

void *__wrap_malloc(size_t n)
{
	return is_over() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return is_over() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
	return is_over() ? NULL : __real_realloc(p, n);
}

void *__wrap_reallocarray(void *p, size_t n, size_t size)
{
	return is_over() ? NULL : __real_reallocarray(p, n, size);
}

char *__wrap_strdup(const char *s)
{
	return is_over() ? NULL : __real_strdup(s);
}

/* SQLite's own. */
static sqlite3_mem_methods sqlite;

static void *sqlite_malloc(int n)
{
	return is_over() ? NULL : sqlite.xMalloc(n);
}

static void *sqlite_realloc(void *p, int n)
{
	return is_over() ? NULL : sqlite.xRealloc(p, n);
}

static void take_sqlite(void)
{
	sqlite3_mem_methods ours;

	if (sqlite.xMalloc)
		return;
	assert_int_equal(sqlite3_shutdown(), SQLITE_OK);
	assert_int_equal(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &sqlite), SQLITE_OK);
	ours = sqlite;
	ours.xMalloc = sqlite_malloc;
	ours.xRealloc = sqlite_realloc;
	assert_int_equal(sqlite3_config(SQLITE_CONFIG_MALLOC, &ours), SQLITE_OK);
}

void disk_has(rlim_t bytes)
{
	struct rlimit l;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &l), 0);
	l.rlim_cur = bytes < l.rlim_max ? bytes : l.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &l), 0);
}

/* --- clock and log ------------------------------------------------------------------------------ */

uint64_t second;

void __wrap_moment_now(struct moment *ret);
void __wrap_moment_now(struct moment *ret)
{
	uint64_t ns = second * NS_PER_SECOND + 2000000;

	*ret = (struct moment){ .wall_ns = T0 * NS_PER_SECOND + (int64_t)ns,
				.mono_ns = 1000 * NS_PER_SECOND + ns,
				.boot_ns = 1000 * NS_PER_SECOND + ns };
}

static char said[1 << 16];
static size_t said_n;

void __wrap_log_line(enum log_level level, const char *format, ...);
void __wrap_log_line(enum log_level level, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(said + said_n, sizeof(said) - said_n, format, args);
	va_end(args);
	assert_true(n > 0 && !memchr(said + said_n, '\n', (size_t)n) && level <= LOG_LEVEL_DEBUG);
	said_n += (size_t)n;
	if (said_n > sizeof(said) - 1024)
		said_n = 0;
	said[said_n++] = '\n';
	said[said_n] = '\0';
}

unsigned int log_has(const char *text)
{
	unsigned int n = 0;

	for (const char *at = said; (at = strstr(at, text)); at++)
		n++;
	return n;
}

void log_forget(void)
{
	said[said_n = 0] = '\0';
}

/* --- the kernel --------------------------------------------------------------------------------- */

struct kernel kernel;

unsigned int made_service(const char *name, uint16_t port)
{
	unsigned int i = 0;

	while (kernel.series[i].used)
		assert_true(++i < SERIES);
	kernel.series[i] = (struct made){
		.used = true,
		.moved = true,
		.key = { .netns = 1, .role = ROLE_SERVER, .port = port },
		.id = { .name = strdup(name), .port = port },
		.counts = kernel.series[i].counts, /* of whoever had it: they only grow */
	};
	return i;
}

void made_exchanges(unsigned int series, unsigned int ok, unsigned int error)
{
	struct made *m = &kernel.series[series];

	m->counts.exchanges[0][OUTCOME_OK] += ok;
	m->counts.exchanges[0][OUTCOME_SERVER_ERROR] += error;
	m->counts.duration[70] += ok + error;
	m->moved = true;
}

struct sampler {
	int unused;
};
static struct sampler sampler;

static void describe(unsigned int i, struct sampler_series *ret)
{
	struct made *m = &kernel.series[i];

	*ret = (struct sampler_series){ .number = i,
					.key = m->key,
					.protocol = "http",
					.moved = m->moved,
					.counts = &m->counts,
					.in_flight = { .count = m->waiting },
					.id = &m->id };
}

/* Maps of another layout are handed over, and go. */
static int hand_over(const struct sampler_options *o)
{
	const struct losses none = {};

	for (unsigned int i = 0; i < SERIES; i++) {
		struct sampler_series series;

		if (!kernel.series[i].used)
			continue;
		describe(i, &series);
		if (o->leaving(o->context, &kernel.maps, &series))
			return -EINTR;
	}
	if (o->left(o->context, &kernel.maps, &none, 0, 0) || kernel.dies_when_left)
		return -EINTR;
	for (unsigned int i = 0; i < SERIES; i++)
		kernel.series[i].counts = (struct series_counts){};
	kernel.strange = kernel.there = false;
	return 0;
}

int sampler_open(const struct sampler_options *o, struct sampler **ret, char *why, size_t why_size)
{
	struct sampler_maps *m = &kernel.maps;

	(void)why, (void)why_size;
	if (kernel.strange && hand_over(o))
		return -EINTR;
	if (!kernel.there) {
		m->id++;
		memcpy(m->thresholds, o->thresholds, sizeof(m->thresholds));
		m->n_thresholds = o->n_thresholds;
	}
	m->adopted = kernel.there;
	kernel.there = true;
	for (unsigned int i = 0; i < SERIES; i++)
		kernel.series[i].moved = true; /* as far as anybody knows */
	*ret = &sampler;
	if (o->mapped(o->context, m) || kernel.dies_when_mapped)
		return -EINTR;
	return 0;
}

void sampler_close(struct sampler *s, bool linger)
{
	(void)s;
	kernel.there = linger;
}

const char *sampler_protocol_named(const char *name)
{
	return strcmp(name, "http") ? "unknown" : "http";
}

const struct sampler_maps *sampler_maps(const struct sampler *s)
{
	(void)s;
	return &kernel.maps;
}

const char *sampler_backend(const struct sampler *s)
{
	(void)s;
	return "socket";
}

uint64_t sampler_memory(const struct sampler *s, unsigned int *ret_series)
{
	(void)s;
	*ret_series = SERIES;
	return SERIES * sizeof(struct series_counts);
}

int sampler_tick(struct sampler *s)
{
	(void)s;
	return 0;
}

int sampler_finish(struct sampler *s)
{
	(void)s;
	return 0;
}

int sampler_read(struct sampler *s, bool all,
		 int (*each)(void *context, const struct sampler_series *series), void *context)
{
	int err = 0;

	(void)s;
	for (unsigned int i = 0; !err && i < SERIES; i++) {
		struct made *m = &kernel.series[i];
		struct sampler_series series;

		if (!m->used || (!all && !m->moved && !m->waiting))
			continue;
		describe(i, &series);
		m->moved = false;
		err = each(context, &series);
	}
	return err;
}

void sampler_losses(const struct sampler *s, struct sampler_losses *ret)
{
	(void)s;
	*ret = (struct sampler_losses){ .series_max = SERIES };
}

int sampler_retire(struct sampler *s, unsigned int quiet_ticks, unsigned int max,
		   int (*each)(void *context, const struct sampler_series *series), void *context)
{
	int err = 0;

	(void)s, (void)quiet_ticks, (void)max;
	for (unsigned int i = 0; !err && i < SERIES; i++) {
		struct made *m = &kernel.series[i];
		struct sampler_series series;

		if (!m->used || !m->leaving)
			continue;
		if (kernel.full_when_retired)
			disk_has(0);
		describe(i, &series);
		err = each(context, &series);
		if (err)
			break;
		identity_clear(&m->id);
		m->used = false;
		kernel.freed++;
	}
	return err;
}

int sampler_aim(struct sampler *s, struct threshold t[THRESHOLDS], unsigned int n,
		uint64_t idle_end_ns)
{
	(void)s, (void)idle_end_ns;
	memcpy(kernel.maps.thresholds, t, sizeof(kernel.maps.thresholds));
	kernel.maps.n_thresholds = n;
	return 0;
}

int sampler_detach(const char *pin_dir, char *why, size_t why_size)
{
	(void)pin_dir, (void)why, (void)why_size;
	kernel.there = false;
	return 0;
}

/* --- the daemon --------------------------------------------------------------------------------- */

static const char slo[] =
	"apiVersion: openslo/v1\nkind: SLO\nmetadata: {name: " PROMISE "}\nspec:\n"
	"  service: shop\n  budgetingMethod: Occurrences\n"
	"  timeWindow: [{duration: 7d, isRolling: true}]\n"
	"  indicator:\n    metadata: {name: answered}\n    spec:\n      ratioMetric:\n"
	"        counter: true\n"
	"        good: {metricSource: {type: troth, spec: {select: {port: 8080}, outcomes: [ok]}}}\n"
	"        total: {metricSource: {type: troth, spec: {select: {port: 8080}}}}\n"
	"  objectives: [{target: 0.9}]\n";

struct world *world_new(void)
{
	struct world *w = calloc(1, sizeof(*w));
	char file[128];
	FILE *f;

	take_sqlite();
	assert_non_null(w);
	second = 0;
	kernel = (struct kernel){};
	log_forget();
	/* In memory where that can be: what a disk takes its time for is not asked here. */
	strcpy(w->dir, "/dev/shm/troth-ticks-XXXXXX");
	if (!mkdtemp(w->dir)) {
		strcpy(w->dir, "/tmp/troth-ticks-XXXXXX");
		assert_non_null(mkdtemp(w->dir));
	}
	snprintf(w->state, sizeof(w->state), "%s/state", w->dir);
	snprintf(w->slos, sizeof(w->slos), "%s/slo.d", w->dir);
	snprintf(w->db, sizeof(w->db), "%s/troth.db", w->state);
	assert_int_equal(mkdir(w->slos, 0700), 0);
	snprintf(file, sizeof(file), "%s/promise.yaml", w->slos);
	f = fopen(file, "w");
	assert_non_null(f);
	fputs(slo, f);
	fclose(f);
	return w;
}

enum daemon_end world_begin(struct world *w)
{
	_cleanup_(promises_clear) struct promises p = {};
	_cleanup_(problems_clear) struct problems problems = {};
	struct moment now;

	w->d = (struct daemon){ .signal_fd = -1,
				.began = true,
				.conf = { .state_dir = w->state, .slo_dir = w->slos } };
	assert_int_equal(loop_new(&w->d.loop), 0);
	assert_int_equal(loop_timer(w->d.loop, daemon_tick, &w->d, &w->d.timer), 0);
	moment_now(&now);
	assert_int_equal(promises_read(w->slos, now.wall_ns / NS_PER_SECOND, &problems, &p), 0);
	return daemon_begin(&w->d, &p);
}

void world_start(struct world *w)
{
	assert_int_equal(world_begin(w), DAEMON_DONE);
}

void world_kill(struct world *w)
{
	recorder_close(w->d.recorder, true);
	keeper_free(w->d.keeper);
	store_close(w->d.store);
	loop_timer_end(w->d.timer);
	loop_free(w->d.loop);
	w->d = (struct daemon){};
}

void world_free(struct world *w)
{
	char command[96];

	world_kill(w);
	for (unsigned int i = 0; i < SERIES; i++)
		identity_clear(&kernel.series[i].id);
	snprintf(command, sizeof(command), "rm -rf %s", w->dir);
	assert_int_equal(system(command), 0);
	free(w);
}

void world_tick(struct world *w)
{
	second++;
	daemon_tick(&w->d);
}

void world_minute(struct world *w)
{
	second += 59 - second % 60; /* one tick that is late: sixty would take long */
	world_tick(w);
}

uint64_t total_in_memory(struct world *w, const char *name)
{
	const struct recorder *r = w->d.recorder;
	struct series_counts c;

	for (size_t i = 0; i < recorder_n(r); i++)
		if (!strcmp(recorder_service(r, i)->identity.name, name)) {
			recorder_total(r, i, &c);
			return counts_total(&c);
		}
	return 0;
}

uint64_t total_in_record(struct world *w, const char *name)
{
	struct store_options o = { .dir = w->state, .mode = STORE_READER };
	_cleanup_(store_closep) struct store *s = NULL;
	struct series_counts c = {};
	char why[256];
	int64_t id;

	assert_int_equal(store_open(&o, &s, why, sizeof(why)), 0);
	if (store_service_by_name(s, ROLE_SERVER, name, &id))
		return 0;
	assert_int_equal(store_total(s, id, &c), 0);
	return counts_total(&c);
}

void promise_is(struct world *w, uint64_t good, uint64_t total)
{
	uint64_t is_good, is_total;

	keeper_ever(w->d.keeper, 0, &is_good, &is_total);
	assert_int_equal(is_total, total);
	assert_int_equal(is_good, good);
}

bool is_loud(struct world *w, enum health_part part)
{
	return w->d.health.part[part].wrong;
}
