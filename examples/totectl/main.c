/* SPDX-License-Identifier: ISC */
/*
 * totectl: the operators' program of libtoteborch. One row a verb: how it is typed, an example, the
 * options it takes, who does it.
 */
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "out.h"
#include "root.h"
#include "verbs.h"

static const struct verb verbs[] = {
	{"init", "--origin NAME", "make an orchestration root at ROOT, which is absent or empty",
		"totectl -C archive init --origin archive.example.com/acme", BIT(OPT_ORIGIN),
		BIT(OPT_ORIGIN), 0, 0, verb_init},
	{"provision", "ID... [--at DIR] [--successor-of ID]",
		"make containers; completes one that is half made",
		"totectl provision contracts finance\n"
		"totectl provision contracts-2 --successor-of contracts",
		BIT(OPT_AT) | BIT(OPT_SUCCESSOR), 0, 1, MANY, verb_provision},
	{"register", "ID LOCATION [--key FILE]",
		"take over a whole container that lies elsewhere; it is audited in full first",
		"totectl register leases /mnt/old/leases --key leases.key", BIT(OPT_KEY), 0, 2, 2,
		verb_register},
	{"detach", "ID --reason TEXT", "mind a container no longer; it stays as it is where it is",
		"totectl detach leases --reason 'moved to the branch office'", BIT(OPT_REASON),
		BIT(OPT_REASON), 1, 1, verb_detach},
	{"suspend", "ID --reason TEXT", "let a container take nothing until it is resumed",
		"totectl suspend finance --reason 'year-end closing'", BIT(OPT_REASON),
		BIT(OPT_REASON), 1, 1, verb_state},
	{"resume", "ID --reason TEXT", "let a suspended container take records and assets again",
		"totectl resume finance --reason 'closing done'", BIT(OPT_REASON), BIT(OPT_REASON),
		1, 1, verb_state},
	{"archive", "ID --reason TEXT [--yes]", "close a container for ever; it stays readable",
		"totectl archive finance --reason 'fiscal year 2026 closed' --yes",
		BIT(OPT_REASON) | BIT(OPT_YES), BIT(OPT_REASON), 1, 1, verb_state},
	{"dispose", "ID --reason TEXT [--yes]",
		"declare an archived container disposed of; its directory may then go",
		"totectl dispose finance --reason 'retention of ten years is over' --yes",
		BIT(OPT_REASON) | BIT(OPT_YES), BIT(OPT_REASON), 1, 1, verb_state},
	{"seal",
		"ID SOURCE... [--to DIR] [--dry-run] [--media-type TYPE] [--source TEXT] "
		"[--supersedes SEQ]",
		"seal files and directories into a container; all offenders are listed first",
		"totectl seal contracts scans/2026 lease.pdf --to inbox\n"
		"totectl seal contracts lease.pdf --to corrected --supersedes 41",
		BIT(OPT_TO) | BIT(OPT_DRY_RUN) | BIT(OPT_MEDIA_TYPE) | BIT(OPT_SOURCE) |
			BIT(OPT_SUPERSEDES),
		0, 2, MANY, verb_seal},
	{"input",
		"list ID\n"
		"input accept ID NAME... [--to DIR]\n"
		"input reject ID NAME... --reason TEXT",
		"decide about documents that were dropped into app-console-input/; NAME, or "
		"sha256:DIGEST",
		"totectl input list contracts\n"
		"totectl input accept contracts lease.pdf --to inbox",
		BIT(OPT_TO) | BIT(OPT_REASON), 0, 2, MANY, verb_input},
	{"append", "ID [--kind K] [--field K=V]... [--expect SEQ] [FILE|-]",
		"append one record; its seq is printed when it is durable",
		"totectl append finance --kind record.invoice --field number=2026-014 invoice.xml",
		BIT(OPT_KIND) | BIT(OPT_FIELD) | BIT(OPT_EXPECT), 0, 1, 2, verb_append},
	{"fleet", "plan|apply [FILE] [--yes]\nfleet export [FILE|-] [--yes]",
		"make the root what a file says that it should be; FILE is ROOT/fleet.yaml unless "
		"given",
		"totectl fleet export archive/fleet.yaml\n"
		"totectl fleet plan\n"
		"totectl fleet apply",
		BIT(OPT_YES), 0, 1, 2, verb_fleet},
	{"policy", "ID [KEY=VALUE...]",
		"show by which policy a container is audited and signed for, or set fields of it",
		"totectl policy contracts\n"
		"totectl policy contracts full-every=2w overdue-after=4w window=22:00-04:00",
		0, 0, 1, MANY, verb_policy},
	{"log", "ID [--from SEQ] [--kind K] [--reverse | --follow] [--limit N]",
		"list the entries of a ledger; `orchestrator` is the consolidated record",
		"totectl log contracts --kind 'record.*' --reverse --limit 10",
		BIT(OPT_FROM) | BIT(OPT_KIND) | BIT(OPT_REVERSE) | BIT(OPT_FOLLOW) | BIT(OPT_LIMIT),
		0, 1, 1, verb_log},
	{"show", "ID SEQ", "show one entry whole", "totectl show contracts 41", 0, 0, 2, 2,
		verb_show},
	{"ls", "ID", "list the sealed assets: seq, bytes, path", "totectl ls contracts", 0, 0, 1, 1,
		verb_ls},
	{"cat", "ID PATH", "print an asset, if it is what was sealed",
		"totectl cat contracts lease.pdf >lease.pdf", 0, 0, 2, 2, verb_cat},
	{"manifest", "ID", "print what sha256sum -c takes, run in the container's assets/",
		"(cd archive/containers/contracts/assets && totectl manifest contracts | sha256sum "
		"-c)",
		0, 0, 1, 1, verb_manifest},
	{"erase", "ID PATH --authority TEXT --reason TEXT --yes",
		"erase an asset: the ledger says so first, and keeps its path and digest",
		"totectl erase contracts lease.pdf --authority 'order 14/2026' --reason 'art. 17' "
		"--yes",
		BIT(OPT_AUTHORITY) | BIT(OPT_REASON) | BIT(OPT_YES),
		BIT(OPT_AUTHORITY) | BIT(OPT_REASON), 2, 2, verb_erase},
	{"repair", "ID --reason TEXT [--yes]",
		"after damage of a journal: say what would be done, with --yes do it",
		"totectl repair contracts --reason 'disk 3 failed on Monday' --yes",
		BIT(OPT_REASON) | BIT(OPT_YES), BIT(OPT_REASON), 1, 1, verb_repair},
	{"copy", "ID DIR [--verify]",
		"make a whole, verified copy while others write, or bring an older one up to date",
		"totectl copy contracts /mnt/backup/contracts", BIT(OPT_VERIFY), 0, 2, 2,
		verb_copy},
	{"checkpoint", "ID [--last]", "bring every entry under a signed checkpoint and print it",
		"totectl checkpoint contracts", BIT(OPT_LAST), 0, 1, 1, verb_checkpoint},
	{"prove",
		"ID SEQ|PATH -o DIR [--at CHECKPOINT]\n"
		"prove ID --consistency FROM TO",
		"write an entry and the proof that the ledger holds it: SEQ.entry, SEQ.tlog-proof",
		"totectl prove contracts lease.pdf -o proof\n"
		"totectl prove contracts 41 -o proof --at checkpoint.of.june\n"
		"totectl prove contracts --consistency 300 523",
		BIT(OPT_OUT) | BIT(OPT_AT) | BIT(OPT_CONSISTENCY), 0, 2, 3, verb_prove},
	{"verify",
		"PROOF --entry FILE|- --vkey KEY [--witness KEY] [--asset FILE]\n"
		"verify PROOF --entry FILE|- --policy FILE [--vkey KEY] [--asset FILE]\n"
		"verify DIR --vkey KEY [--witness KEY | --policy FILE] [--cached]",
		"verify a proof, or a whole ledger/ or log/ directory, with public keys alone",
		"totectl verify proof/41.tlog-proof --entry proof/41.entry --vkey keys --asset "
		"lease.pdf\n"
		"totectl verify copy/contracts/ledger --vkey keys",
		BIT(OPT_ENTRY) | BIT(OPT_VKEY) | BIT(OPT_WITNESS) | BIT(OPT_POLICY) |
			BIT(OPT_ASSET) | BIT(OPT_CACHED),
		0, 1, 1, verb_verify},
	{"witness",
		"request ID [--old N] [-o FILE]\n"
		"witness cosign FILE|- [--vkey KEY] [--new-key] [-o FILE]\n"
		"witness merge ID FILE|- [--witness KEY]...",
		"let another root witness this one, and this one another, by files that are "
		"carried",
		"totectl -C here witness request contracts -o request\n"
		"totectl -C there witness cosign request --vkey keys.of.contracts -o answer\n"
		"totectl -C here witness merge contracts answer --witness keys.of.there",
		BIT(OPT_OLD) | BIT(OPT_OUT) | BIT(OPT_WITNESS) | BIT(OPT_VKEY) | BIT(OPT_NEW_KEY),
		0, 2, 3, verb_witness},
	{"keys", "[ID]", "print public keys, former ones too: what an auditor needs",
		"totectl keys contracts >keys", 0, 0, 0, 1, verb_keys},
	{"rotate", "ID --reason TEXT",
		"give a container, `orchestrator` or `witness` a new key; the old one proves it",
		"totectl rotate contracts --reason 'yearly'\n"
		"totectl rotate witness --reason 'an administrator has left'",
		BIT(OPT_REASON), BIT(OPT_REASON), 1, 1, verb_rotate},
	{"rekey", "ID --reason TEXT --yes",
		"replace a container's key that is lost for ever; every verdict says so from then "
		"on",
		"totectl rekey contracts --reason 'the key disk died, no copy' --yes",
		BIT(OPT_REASON) | BIT(OPT_YES), BIT(OPT_REASON), 1, 1, verb_rekey},
	{"audit",
		"[ID...] [--level structure|full] [--continue] [--max-age TIME] [--limit RATE]\n"
		"[--parallel N] [--cached]\n"
		"audit ID --asset PATH | --from SEQ --to SEQ",
		"read what is there, compare it with what was promised, record what differs",
		"totectl audit\ntotectl audit --continue --max-age 1d --limit 20MiB\n"
		"totectl audit contracts --asset 2026/lease.pdf",
		BIT(OPT_LEVEL) | BIT(OPT_CONTINUE) | BIT(OPT_MAX_AGE) | BIT(OPT_LIMIT) |
			BIT(OPT_PARALLEL) | BIT(OPT_CACHED) | BIT(OPT_ASSET) | BIT(OPT_FROM) |
			BIT(OPT_TO),
		0, 0, MANY, verb_audit},
	{"run", "[--once [--budget SECONDS]]",
		"audit and sign for what is due, by each container's policy, until told to stop",
		"totectl run\n"
		"totectl run --once --budget 3600",
		BIT(OPT_ONCE) | BIT(OPT_BUDGET), 0, 0, 0, verb_run},
	{"status", "[ID...]", "one table of all containers, worst first, with what to do next",
		"totectl status", 0, 0, 0, MANY, verb_status},
	{"ack", "FLAG --reason TEXT", "acknowledge a flag; what is damaged stays visible",
		"totectl ack 57 --reason 'known: restored from the copy of Monday'",
		BIT(OPT_REASON), BIT(OPT_REASON), 1, 1, verb_ack},
	{"report", "RUN", "print the full report of an audit, if it is the one on record",
		"totectl report 57", 0, 0, 1, 1, verb_report},
	{"metrics", "[-o FILE]", "print what status knows as Prometheus metrics, or write them",
		"totectl metrics -o /var/lib/node-exporter/toteborch.prom", BIT(OPT_OUT), 0, 0, 0,
		verb_metrics},
	{"explain", "[CODE]", "say what a code means and what to do", "totectl explain TOTE-3001",
		0, 0, 0, 1, verb_explain},
	{"demo", "", "show all of it at work on files of this machine, in a scratch directory",
		"totectl demo", 0, 0, 0, 0, verb_demo},
	{NULL, NULL, NULL, NULL, 0, 0, 0, 0, NULL},
};

/* What was printed and never reached its place must not look like success. */
static int flush(const struct call *call, int code)
{
	int failed;

	progress_end();
	failed = fflush(stdout) == EOF || ferror(stdout);
	if (!failed)
		return code;
	clearerr(stdout);
	return exit_worse(code, fail_system(call, 0, "standard output could not be written"));
}

int totectl(int argc, char **argv)
{
	struct call call;
	int code;

	memset(&call, 0, sizeof(call));
	code = args_parse(&call, verbs, argc, argv);
	if (code == 0)
		code = root_close(&call, call.verb->run(&call));
	else
		code = code == 1 ? TOTE_CLASS_OK : TOTE_CLASS_USAGE;
	code = flush(&call, code);
	args_end(&call);
	return code;
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_DFL);
	setlocale(LC_ALL, "C");
	return totectl(argc, argv);
}
