/* SPDX-License-Identifier: ISC */
/*
 * The one runner: runs the suites named as arguments, or all of SUITES_DEF, and counts what it saw.
 */
#include <check.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUITE(name) Suite *name##_suite(void);
#include SUITES_DEF
#undef SUITE

struct suite {
	const char *name;
	Suite *(*make)(void);
};

#define SUITE(name) {#name, name##_suite},
static const struct suite suites[] = {
#include SUITES_DEF
};
#undef SUITE

#define SUITES (sizeof(suites) / sizeof(suites[0]))

struct count {
	int passed;
	int failed;
};

static void run(const struct suite *suite, struct count *total)
{
	SRunner *runner = srunner_create(suite->make());
	int failed, passed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	passed = srunner_ntests_run(runner) - failed;
	srunner_free(runner);
	printf("%s: %d passed, %d failed\n", suite->name, passed, failed);
	fflush(stdout);
	total->passed += passed;
	total->failed += failed;
}

static const struct suite *find(const char *name)
{
	for (size_t i = 0; i < SUITES; i++)
		if (strcmp(suites[i].name, name) == 0)
			return &suites[i];
	return NULL;
}

int main(int argc, char **argv)
{
	struct count total = {0, 0};

	for (int i = 1; i < argc; i++) {
		const struct suite *suite = find(argv[i]);

		if (!suite) {
			fprintf(stderr, "runner: no suite '%s' in %s\n", argv[i], SUITES_DEF);
			return 2;
		}
		run(suite, &total);
	}
	for (size_t i = 0; argc == 1 && i < SUITES; i++)
		run(&suites[i], &total);
	printf("%d passed, %d failed\n", total.passed, total.failed);
	return total.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
