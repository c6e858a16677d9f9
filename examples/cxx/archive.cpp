// SPDX-License-Identifier: ISC
// The same small job as examples/c/archive.c, with handles that drop themselves and faults that are
// exceptions. Usage: archive DIRECTORY FILE
//
//     c++ -std=c++11 archive.cpp -o archive $(pkg-config --cflags --libs toteborch)
#include <cstring>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <toteborch.h>
#include <vector>

template <typename T> using handle = std::unique_ptr<T, T *(*)(T *)>;

// Calls f(args..., &fault) and throws what it says.
template <typename F, typename... Args> static int call(F f, Args... args)
{
	tote_fault fault;
	int rc = f(args..., &fault);

	if (rc < 0)
		throw std::runtime_error(std::string(fault.text) + " (" + tote_error_name(rc) + ")");
	return rc;
}

static bool audit(tote_orchestrator *root)
{
	tote_audit *raw;
	tote_verdict verdict;
	bool whole = true;

	call(tote_audit_start, root, static_cast<const tote_audit_options *>(nullptr), &raw);
	handle<tote_audit> job(raw, tote_audit_unref);
	while (call(tote_audit_step, raw, uint64_t(0), int64_t(0)) > 0)
		;
	verdict.size = sizeof(verdict);
	while (call(tote_audit_next_verdict, raw, &verdict) == 1) {
		std::cout << verdict.container << ": " << verdict.entries << " entries and "
			  << verdict.assets << " assets verified\n";
		whole = whole && verdict.verdict == TOTE_VERDICT_OK;
	}
	return whole;
}

static bool archive(const char *directory, const char *file)
{
	tote_ctx *raw_ctx;
	tote_orchestrator *raw_root;
	tote_box *raw_box;

	call(tote_ctx_new, static_cast<const tote_ctx_options *>(nullptr), &raw_ctx);
	handle<tote_ctx> ctx(raw_ctx, tote_ctx_unref);
	call(tote_orchestrator_init, raw_ctx, directory, "archive.example.com/acme", "alice", 0u);
	call(tote_orchestrator_open, raw_ctx, directory, 0u, &raw_root);
	handle<tote_orchestrator> root(raw_root, tote_orchestrator_unref);
	call(tote_orchestrator_provision, raw_root, "contracts",
		static_cast<const tote_provision_options *>(nullptr), static_cast<uint32_t *>(nullptr));
	call(tote_box_open, raw_root, "contracts", static_cast<const tote_box_options *>(nullptr),
		&raw_box);
	handle<tote_box> box(raw_box, tote_box_unref);

	tote_source source = tote_source();
	source.path = "contract";
	source.file = file;
	call(tote_box_seal, raw_box, &source, size_t(1), "alice", 0u,
		static_cast<tote_sealed *>(nullptr));

	const std::string matter = "acme/2026-014", text = "signed by both";
	const tote_field field = {"matter", matter.data(), matter.size()};
	tote_record record = tote_record();
	record.kind = "record";
	record.actor = "alice";
	record.fields = &field;
	record.field_count = 1;
	record.payload = text.data();
	record.payload_length = text.size();
	uint64_t seq;
	call(tote_box_append, raw_box, &record, uint64_t(TOTE_SEQ_ANY), 0u, &seq);

	if (!audit(raw_root))
		return false;
	std::vector<char> proof(TOTE_NOTE_MAX);
	size_t length;
	call(tote_box_prove, raw_box, seq, 0u, static_cast<void *>(proof.data()), proof.size(), &length);
	std::cout << "record " << seq << " is proven in " << length << " bytes\n";
	return true;
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	try {
		return archive(argv[1], argv[2]) ? 0 : 1;
	} catch (const std::exception &e) {
		std::cerr << "archive: " << e.what() << '\n';
		return 1;
	}
}
