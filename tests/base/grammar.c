/* SPDX-License-Identifier: ISC */
/*
 * Each rule of the grammar of names, accepted and refused.
 */
#include "base/grammar.h"
#include "support/support.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* n times c, in a buffer of support's. */
static const char *times(size_t n, char c)
{
	char *s = (char *)(uintptr_t)printed("%*s", (int)n, "");

	memset(s, c, n);
	return s;
}

START_TEST(an_id_is_a_dns_label_that_is_not_reserved)
{
	static const char *const taken[] = {"a", "0", "contracts", "a-b", "0-9", "xn--a"};
	static const char *const refused[] = {"", "-a", "a-", "-", "A", "a.b", "a_b", "a b", "a/b",
		"\xC3\xA9", "orchestrator", "witness"};

	for (size_t i = 0; i < COUNT(taken); i++)
		ck_assert_msg(tote__id_valid(taken[i]), "'%s' was refused", taken[i]);
	for (size_t i = 0; i < COUNT(refused); i++)
		ck_assert_msg(!tote__id_valid(refused[i]), "'%s' was taken", refused[i]);
	ck_assert(tote__id_valid(times(63, 'a')));
	ck_assert(!tote__id_valid(times(64, 'a')));
	ck_assert(!tote__id_valid(NULL));
}
END_TEST

START_TEST(an_origin_is_printable_ascii_without_space_and_plus)
{
	static const char *const refused[] = {"", "a b", "a+b", "a\n", "\x7F", "\xC3\xA9"};

	ck_assert(tote__origin_valid("archive.example.com/acme"));
	ck_assert(tote__origin_valid("/!~/"));
	ck_assert(tote__origin_valid(times(255, '~')));
	ck_assert(!tote__origin_valid(times(256, '~')));
	ck_assert(!tote__origin_valid(NULL));
	for (size_t i = 0; i < COUNT(refused); i++)
		ck_assert(!tote__origin_valid(refused[i]));
	ck_assert(tote__root_origin_valid("archive.example.com/acme"));
	ck_assert(!tote__root_origin_valid("/acme"));
	ck_assert(!tote__root_origin_valid("acme/"));
	ck_assert(!tote__root_origin_valid("/"));
	ck_assert(!tote__root_origin_valid("a+b"));
	ck_assert(tote__root_origin_valid(times(191, 'a')));
	ck_assert(!tote__root_origin_valid(times(192, 'a')));
}
END_TEST

START_TEST(a_kind_has_lower_case_parts_and_hyphens_only_behind_the_first)
{
	static const char *const taken[] = {
		"record", "a", "a1", "asset.sealed", "host.a-b-", "a.b.c9"};
	static const char *const refused[] = {"", ".", "a.", ".a", "a..b", "1a", "a.1", "a-b",
		"a-.b", "A", "a.B", "a_b", "a b", "a.-", "a\n"};

	for (size_t i = 0; i < COUNT(taken); i++)
		ck_assert_msg(tote__kind_valid(taken[i], strlen(taken[i])), "'%s'", taken[i]);
	for (size_t i = 0; i < COUNT(refused); i++)
		ck_assert_msg(
			!tote__kind_valid(refused[i], strlen(refused[i])), "'%s'", refused[i]);
	ck_assert(tote__kind_valid(times(64, 'k'), 64));
	ck_assert(!tote__kind_valid(times(65, 'k'), 65));
}
END_TEST

START_TEST(the_hosts_kinds_are_record_and_what_is_below_record_and_host)
{
	static const char *const hosts[] = {"record", "record.mail", "host.x"};
	static const char *const ours[] = {
		"records", "host", "asset.sealed", "recor", "hosts.x", ""};

	for (size_t i = 0; i < COUNT(hosts); i++)
		ck_assert(tote__kind_is_host(hosts[i], strlen(hosts[i])));
	for (size_t i = 0; i < COUNT(ours); i++)
		ck_assert(!tote__kind_is_host(ours[i], strlen(ours[i])));
}
END_TEST

START_TEST(a_field_key_is_lower_case_and_at_most_32_bytes)
{
	static const char *const refused[] = {
		"", "-a", "1a", "A", "a b", "a_b", "a.b", "a\xC3\xA9"};

	ck_assert(tote__field_key_valid("matter", 6));
	ck_assert(tote__field_key_valid("a-1-", 4));
	ck_assert(tote__field_key_valid(times(32, 'k'), 32));
	ck_assert(!tote__field_key_valid(times(33, 'k'), 33));
	for (size_t i = 0; i < COUNT(refused); i++)
		ck_assert(!tote__field_key_valid(refused[i], strlen(refused[i])));
}
END_TEST

START_TEST(a_path_is_relative_and_has_only_plain_components)
{
	static const char *const taken[] = {"a", "a/b", "...", "..a", ".hidden", "a b\n\xFF", "-",
		"tote-a", ".tote", "a/.tot", "2026/acme msa.pdf"};
	static const char *const refused[] = {"", "/", "/a", "a/", "a//b", ".", "..", "./a", "a/.",
		"a/../b", "a/./b", "..", ".tote-", ".tote-1", "a/.tote-x", ".tote-x/a"};
	struct tote_fault fault = {0};

	for (size_t i = 0; i < COUNT(taken); i++)
		ck_ok(tote__asset_path_check(taken[i], &fault), fault);
	for (size_t i = 0; i < COUNT(refused); i++)
		ck_fault(tote__asset_path_check(refused[i], &fault), TOTE_E_GRAMMAR, fault);
	ck_fault(tote__asset_path_check(NULL, &fault), TOTE_E_ARGUMENT, fault);
}
END_TEST

START_TEST(a_path_has_4095_bytes_and_its_components_255)
{
	struct tote_fault fault = {0};
	char path[5001];

	ck_ok(tote__asset_path_check(printed("a/%s/b", times(255, 'x')), &fault), fault);
	ck_fault(tote__asset_path_check(printed("a/%s/b", times(256, 'x')), &fault), TOTE_E_GRAMMAR,
		fault);
	for (size_t i = 0; i < sizeof(path); i++)
		path[i] = i % 2 ? '/' : 'a';
	path[4095] = '\0';
	tote__fault_clear(&fault);
	ck_ok(tote__asset_path_check(path, &fault), fault);
	memcpy(path, "aaa", 3);
	path[4095] = 'b';
	path[4096] = '\0';
	ck_fault(tote__asset_path_check(path, &fault), TOTE_E_GRAMMAR, fault);
	ck_assert_ptr_nonnull(strstr(fault.text, "longer than 4095 bytes"));
}
END_TEST

Suite *grammar_suite(void)
{
	Suite *s = suite_create("grammar");
	TCase *t = tcase_create("grammar");

	tcase_add_test(t, an_id_is_a_dns_label_that_is_not_reserved);
	tcase_add_test(t, an_origin_is_printable_ascii_without_space_and_plus);
	tcase_add_test(t, a_kind_has_lower_case_parts_and_hyphens_only_behind_the_first);
	tcase_add_test(t, the_hosts_kinds_are_record_and_what_is_below_record_and_host);
	tcase_add_test(t, a_field_key_is_lower_case_and_at_most_32_bytes);
	tcase_add_test(t, a_path_is_relative_and_has_only_plain_components);
	tcase_add_test(t, a_path_has_4095_bytes_and_its_components_255);
	suite_add_tcase(s, t);
	return s;
}
