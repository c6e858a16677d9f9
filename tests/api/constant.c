/* SPDX-License-Identifier: ISC */
/*
 * The public constants by name, as a binding asks for them: written down a second time on purpose,
 * because a value that was released never changes. A gate sees to it that none is missing.
 */
#include <check.h>
#include <stdio.h>
#include <toteborch.h>

static const struct {
	const char *name;
	int64_t value;
} frozen[] = {
	{"TOTE_VERSION_MAJOR", 0},
	{"TOTE_VERSION_MINOR", 1},
	{"TOTE_VERSION_PATCH", 0},
	{"TOTE_EFFECT_NONE", 0},
	{"TOTE_EFFECT_DONE", 1},
	{"TOTE_EFFECT_UNKNOWN", 2},
	{"TOTE_FAULT_SEQ", 1},
	{"TOTE_CLASS_OK", 0},
	{"TOTE_CLASS_FAILED", 1},
	{"TOTE_CLASS_USAGE", 2},
	{"TOTE_CLASS_INTEGRITY", 3},
	{"TOTE_CLASS_INCOMPLETE", 4},
	{"TOTE_CLASS_DIFFERENCES", 5},
	{"TOTE_CLASS_UNREACHABLE", 6},
	{"TOTE_CLASS_NOT_A_ROOT", 10},
	{"TOTE_CLASS_LOCKED", 11},
	{"TOTE_CLASS_NO_SIGNATURE", 12},
	{"TOTE_E_ARGUMENT", -20},
	{"TOTE_E_STRUCT", -21},
	{"TOTE_E_FLAGS", -22},
	{"TOTE_E_GRAMMAR", -23},
	{"TOTE_E_TOO_LARGE", -24},
	{"TOTE_E_UNSUPPORTED", -25},
	{"TOTE_E_MISUSE", -26},
	{"TOTE_E_NOT_FOUND", -40},
	{"TOTE_E_EXISTS", -41},
	{"TOTE_E_CONFLICT", -42},
	{"TOTE_E_STATE", -43},
	{"TOTE_E_NO_SPACE", -44},
	{"TOTE_E_IO", -45},
	{"TOTE_E_NO_MEMORY", -46},
	{"TOTE_E_PERMISSION", -47},
	{"TOTE_E_SOURCE", -48},
	{"TOTE_E_POISONED", -49},
	{"TOTE_E_FOLD_NEEDED", -50},
	{"TOTE_E_NO_SIGNER", -51},
	{"TOTE_E_READ_ONLY", -52},
	{"TOTE_E_KEY", -53},
	{"TOTE_E_CLOCK", -54},
	{"TOTE_E_LIMIT", -55},
	{"TOTE_E_CANCELLED", -56},
	{"TOTE_E_DAMAGED", -60},
	{"TOTE_E_MALFORMED", -61},
	{"TOTE_E_ROLLBACK", -62},
	{"TOTE_E_FORK", -63},
	{"TOTE_E_BAD_SIGNATURE", -64},
	{"TOTE_E_BAD_PROOF", -65},
	{"TOTE_E_MISMATCH", -66},
	{"TOTE_E_UNTRUSTED", -67},
	{"TOTE_E_INCOMPLETE", -80},
	{"TOTE_E_UNREACHABLE", -100},
	{"TOTE_E_NOT_A_ROOT", -120},
	{"TOTE_E_BUSY", -140},
	{"TOTE_E_NO_SIGNATURE", -160},
	{"TOTE_LOG_ERROR", 3},
	{"TOTE_LOG_WARNING", 4},
	{"TOTE_LOG_INFO", 6},
	{"TOTE_LOG_DEBUG", 7},
	{"TOTE_SEQ_ANY", -1},
	{"TOTE_ENTRY_MAX", 65535},
	{"TOTE_FIELDS_MAX", 59},
	{"TOTE_VALUE_MAX", 16384},
	{"TOTE_GROUP_MAX", 4194304},
	{"TOTE_ENTRY_VERIFIED", 1},
	{"TOTE_ENTRY_UNKNOWN", 2},
	{"TOTE_CHECKPOINT_LAST", 1},
	{"TOTE_PROOF_HASHES", 64},
	{"TOTE_CURSOR_BACKWARD", 1},
	{"TOTE_CURSOR_FOLLOW", 2},
	{"TOTE_STATE_ACTIVE", 1},
	{"TOTE_STATE_SUSPENDED", 2},
	{"TOTE_STATE_ARCHIVED", 3},
	{"TOTE_STATE_DISPOSED", 4},
	{"TOTE_BOX_READ_ONLY", 1},
	{"TOTE_BOX_REPAIR", 4},
	{"TOTE_REPAIR_PLAN", 1},
	{"TOTE_REPAIR_NEEDED", 1},
	{"TOTE_REPAIR_DONE", 2},
	{"TOTE_BOX_NO_SIGNER", 2},
	{"TOTE_BOX_STILL", 8},
	{"TOTE_INFO_SIGNER", 1},
	{"TOTE_INFO_POISONED", 2},
	{"TOTE_INFO_READ_ONLY", 4},
	{"TOTE_INFO_DAMAGED", 8},
	{"TOTE_KEYS_REPLACED", 1},
	{"TOTE_COPY_VERIFY", 1},
	{"TOTE_COPY_CACHED", 1},
	{"TOTE_SOURCE_FD", 1},
	{"TOTE_SOURCE_DATA", 2},
	{"TOTE_SOURCE_MTIME", 4},
	{"TOTE_ERASED_NEW", 1},
	{"TOTE_ERASED_ALREADY", 2},
	{"TOTE_SEALED_NEW", 1},
	{"TOTE_SEALED_ALREADY", 2},
	{"TOTE_ASSET_ERASED", 1},
	{"TOTE_LEVEL_STRUCTURE", 1},
	{"TOTE_LEVEL_FULL", 2},
	{"TOTE_VERDICT_NONE", 0},
	{"TOTE_VERDICT_OK", 1},
	{"TOTE_VERDICT_DAMAGED", 2},
	{"TOTE_VERDICT_INCOMPLETE", 3},
	{"TOTE_VERIFY_STRICT", 1},
	{"TOTE_VERIFY_CACHED", 2},
	{"TOTE_FINDING_SEQ", 1},
	{"TOTE_FINDING_NOT_RECORDED", 2},
	{"TOTE_FINDING_KNOWN", 4},
	{"TOTE_FINDING_INFORMATION", 8},
	{"TOTE_VERDICT_WITNESSED", 1},
	{"TOTE_VERDICT_CACHED", 2},
	{"TOTE_VERDICT_NOT_RECORDED", 4},
	{"TOTE_VERDICT_UNREACHABLE", 8},
	{"TOTE_VERDICT_OUTSIDE", 16},
	{"TOTE_VERDICT_PART", 32},
	{"TOTE_VERDICT_EARLIER", 64},
	{"TOTE_VERDICT_CACHED_ASKED", 128},
	{"TOTE_AUDIT_CONTINUE", 1},
	{"TOTE_AUDIT_RANGE", 2},
	{"TOTE_AUDIT_CACHED", 4},
	{"TOTE_ORCHESTRATOR_READ_ONLY", 1},
	{"TOTE_PROVISIONED_NEW", 1},
	{"TOTE_PROVISIONED_ALREADY", 2},
	{"TOTE_PROVISIONED_RESUMED", 3},
	{"TOTE_CONTAINER_DETACHED", 1},
	{"TOTE_CONTAINER_KEY", 2},
	{"TOTE_KEY_ORCHESTRATOR", 1},
	{"TOTE_KEY_WITNESS", 2},
	{"TOTE_COSIGNERS_MAX", 32},
	{"TOTE_COSIGN_NEW_KEY", 1},
	{"TOTE_COSIGNATURE_MAX", 512},
	{"TOTE_INPUT_OPEN", 1},
	{"TOTE_INPUT_FRESH", 2},
	{"TOTE_INPUT_ODD", 4},
	{"TOTE_INPUT_DIGESTS", 1},
	{"TOTE_STATUS_NEVER_AUDITED", 1},
	{"TOTE_STATUS_UNREACHABLE", 2},
	{"TOTE_STATUS_DETACHED", 4},
	{"TOTE_STATUS_DAMAGED", 8},
	{"TOTE_STATUS_UNREAD", 16},
	{"TOTE_STATUS_INPUT_UNSEEN", 32},
	{"TOTE_STATUS_OVERDUE", 64},
	{"TOTE_STATUS_NO_KEY", 128},
	{"TOTE_STATUS_FLAGS_CLEARED", 256},
	{"TOTE_STATUS_FLAG_SUSPENDED", 512},
	{"TOTE_STATUS_CACHED", 1024},
	{"TOTE_STATUS_CACHED_ASKED", 2048},
	{"TOTE_HEALTH_GONE", 0},
	{"TOTE_HEALTH_WELL", 10},
	{"TOTE_HEALTH_UNSIGNED", 20},
	{"TOTE_HEALTH_NEWER", 30},
	{"TOTE_HEALTH_SUSPENDED", 40},
	{"TOTE_HEALTH_INPUT_LATE", 50},
	{"TOTE_HEALTH_COSIGNATURES", 60},
	{"TOTE_HEALTH_UNSIGNED_LATE", 70},
	{"TOTE_HEALTH_NO_KEY", 80},
	{"TOTE_HEALTH_NEVER_AUDITED", 90},
	{"TOTE_HEALTH_OVERDUE", 100},
	{"TOTE_HEALTH_INCOMPLETE", 110},
	{"TOTE_HEALTH_UNREACHABLE", 120},
	{"TOTE_HEALTH_STANDING", 130},
	{"TOTE_HEALTH_SHORTER", 140},
	{"TOTE_HEALTH_UNREADABLE", 145},
	{"TOTE_HEALTH_DAMAGED", 150},
	{"TOTE_HEALTH_FLAG", 160},
	{"TOTE_HEALTH_RECORD_DAMAGED", 170},
	{"TOTE_HEALTH_ATTENTION", 40},
	{"TOTE_HEALTH_DAYS", 30},
	{"TOTE_HEALTH_RECORD_ONLY", 1},
	{"TOTE_FLAG_ACKNOWLEDGED", 1},
	{"TOTE_FLAG_CLEARED", 2},
	{"TOTE_FLAG_SEQ", 4},
	{"TOTE_FLEET_BYTES_MAX", 16777216},
	{"TOTE_FLEET_CONTAINERS_MAX", 32768},
	{"TOTE_FLEET_ON_RECORD", 1},
	{"TOTE_FLEET_PROVISION", 1},
	{"TOTE_FLEET_POLICY", 2},
	{"TOTE_FLEET_STATE", 3},
	{"TOTE_FLEET_FINAL", 1},
	{"TOTE_FLEET_FINAL_MOVES", 1},
	{"TOTE_POLICY_STRUCTURE_EVERY", 1},
	{"TOTE_POLICY_FULL_EVERY", 2},
	{"TOTE_POLICY_OVERDUE_AFTER", 4},
	{"TOTE_POLICY_FOLD_AFTER", 8},
	{"TOTE_POLICY_FOLD_BYTES", 16},
	{"TOTE_POLICY_RATE", 32},
	{"TOTE_POLICY_WINDOW", 64},
	{"TOTE_POLICY_ON_FLAG", 128},
	{"TOTE_POLICY_COSIGNERS", 256},
	{"TOTE_ON_FLAG_NONE", 1},
	{"TOTE_ON_FLAG_SUSPEND", 2},
	{"TOTE_DUE_MAX_US", INT64_C(3600000000)},
	{"TOTE_DUE_OVERDUE", 1},
	{"TOTE_DUE_FAILED", 2},
	{"TOTE_DUE_OPEN", 4},
	{"TOTE_DISPATCH_LOOK", 1},
	{"TOTE_HASH_SIZE", 32},
	{"TOTE_NOTE_MAX", 65536},
	{"TOTE_GUARANTEE_SIGNED", 1},
	{"TOTE_GUARANTEE_WITNESSED", 2},
	{"TOTE_GUARANTEE_OUTSIDE", 4},
};

#define FROZEN (sizeof(frozen) / sizeof(frozen[0]))

START_TEST(every_constant_has_the_value_it_was_released_with)
{
	for (size_t i = 0; i < FROZEN; i++) {
		struct tote_fault fault;
		int64_t value;

		ck_assert_msg(tote_constant(frozen[i].name, &value, &fault) == 0, "%s", fault.text);
		ck_assert_int_eq(fault.code, 0);
		ck_assert_msg(
			value == frozen[i].value, "%s is %lld", frozen[i].name, (long long)value);
	}
}
END_TEST

START_TEST(no_name_stands_twice_in_the_frozen_table)
{
	for (size_t i = 0; i < FROZEN; i++)
		for (size_t j = 0; j < i; j++)
			ck_assert_str_ne(frozen[i].name, frozen[j].name);
}
END_TEST

START_TEST(a_name_that_is_none_is_not_found_and_null_is_refused)
{
	static const char *const none[] = {"", "TOTE_", "TOTE_E_", "tote_e_busy", "TOTE_E_BUSY ",
		"TOTE_API", "TOTE_E_UNKNOWN"};
	struct tote_fault fault;
	int64_t value = 77;

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		ck_assert_int_eq(tote_constant(none[i], &value, &fault), TOTE_E_NOT_FOUND);
		ck_assert_int_eq(fault.code, TOTE_E_NOT_FOUND);
	}
	ck_assert_int_eq(tote_constant(NULL, &value, &fault), TOTE_E_ARGUMENT);
	ck_assert_int_eq(tote_constant("TOTE_E_BUSY", NULL, &fault), TOTE_E_ARGUMENT);
	ck_assert_int_eq(tote_constant("TOTE_E_BUSY", NULL, NULL), TOTE_E_ARGUMENT);
	ck_assert_int_eq(value, 77);
	ck_assert_int_eq(tote_constant("TOTE_E_BUSY", &value, NULL), 0);
	ck_assert_int_eq(value, TOTE_E_BUSY);
}
END_TEST

START_TEST(the_version_is_that_of_the_header)
{
	char text[32];

	snprintf(text, sizeof(text), "%d.%d.%d", TOTE_VERSION_MAJOR, TOTE_VERSION_MINOR,
		TOTE_VERSION_PATCH);
	ck_assert_str_eq(tote_version(), text);
}
END_TEST

Suite *constant_suite(void)
{
	Suite *s = suite_create("constant");
	TCase *t = tcase_create("constant");

	tcase_add_test(t, every_constant_has_the_value_it_was_released_with);
	tcase_add_test(t, no_name_stands_twice_in_the_frozen_table);
	tcase_add_test(t, a_name_that_is_none_is_not_found_and_null_is_refused);
	tcase_add_test(t, the_version_is_that_of_the_header);
	suite_add_tcase(s, t);
	return s;
}
