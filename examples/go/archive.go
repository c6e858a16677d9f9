// SPDX-License-Identifier: ISC

// The same small job as examples/c/archive.c, through cgo. Usage: archive DIRECTORY FILE
package main

/*
#cgo pkg-config: toteborch
#include <stdlib.h>
#include <toteborch.h>
*/
import "C"

import (
	"errors"
	"fmt"
	"os"
	"unsafe"
)

// check turns a code and its fault, which the caller owns, into an error: no thread-local is asked.
func check(rc C.int, fault *C.struct_tote_fault) error {
	if rc >= 0 {
		return nil
	}
	return errors.New(C.GoString(&fault.text[0]))
}

// arena holds C memory until the end.
type arena []unsafe.Pointer

func (a *arena) str(s string) *C.char {
	p := C.CString(s)
	*a = append(*a, unsafe.Pointer(p))
	return p
}

// field is in C memory, since a record points to it and Go memory must not point to Go memory.
func (a *arena) field(key, value string) *C.struct_tote_field {
	p := C.calloc(1, C.sizeof_struct_tote_field)
	*a = append(*a, p)
	f := (*C.struct_tote_field)(p)
	*f = C.struct_tote_field{key: a.str(key), value: unsafe.Pointer(a.str(value)), length: C.size_t(len(value))}
	return f
}

func (a *arena) free() {
	for _, p := range *a {
		C.free(p)
	}
}

func audit(root *C.tote_orchestrator) error {
	var fault C.struct_tote_fault
	var job *C.tote_audit
	if err := check(C.tote_audit_start(root, nil, &job, &fault), &fault); err != nil {
		return err
	}
	defer C.tote_audit_unref(job)
	for {
		rc := C.tote_audit_step(job, 0, 0, &fault)
		if err := check(rc, &fault); err != nil {
			return err
		}
		if rc == 0 {
			break
		}
	}
	verdict := C.struct_tote_verdict{size: C.sizeof_struct_tote_verdict}
	whole := true
	for C.tote_audit_next_verdict(job, &verdict, &fault) == 1 {
		fmt.Printf("%s: %d entries and %d assets verified\n", C.GoString(&verdict.container[0]),
			verdict.entries, verdict.assets)
		whole = whole && verdict.verdict == C.TOTE_VERDICT_OK
	}
	if !whole {
		return errors.New("the audit did not find everything whole")
	}
	return nil
}

func archive(directory, file string) error {
	var a arena
	defer a.free()
	var fault C.struct_tote_fault
	var ctx *C.tote_ctx
	var root *C.tote_orchestrator
	var box *C.tote_box
	dir, alice := a.str(directory), a.str("alice")
	if err := check(C.tote_ctx_new(nil, &ctx, &fault), &fault); err != nil {
		return err
	}
	defer C.tote_ctx_unref(ctx)
	if err := check(C.tote_orchestrator_init(ctx, dir, a.str("archive.example.com/acme"), alice, 0, &fault), &fault); err != nil {
		return err
	}
	if err := check(C.tote_orchestrator_open(ctx, dir, 0, &root, &fault), &fault); err != nil {
		return err
	}
	defer C.tote_orchestrator_unref(root)
	id := a.str("contracts")
	if err := check(C.tote_orchestrator_provision(root, id, nil, nil, &fault), &fault); err != nil {
		return err
	}
	if err := check(C.tote_box_open(root, id, nil, &box, &fault), &fault); err != nil {
		return err
	}
	defer C.tote_box_unref(box)

	source := C.struct_tote_source{path: a.str("contract"), file: a.str(file)}
	if err := check(C.tote_box_seal(box, &source, 1, alice, 0, nil, &fault), &fault); err != nil {
		return err
	}
	field := a.field("matter", "acme/2026-014")
	record := C.struct_tote_record{kind: a.str("record"), actor: alice, fields: field, field_count: 1,
		payload: unsafe.Pointer(a.str("signed by both")), payload_length: 14}
	var seq C.uint64_t
	if err := check(C.tote_box_append(box, &record, C.TOTE_SEQ_ANY, 0, &seq, &fault), &fault); err != nil {
		return err
	}
	if err := audit(root); err != nil {
		return err
	}
	proof := make([]byte, C.TOTE_NOTE_MAX)
	var length C.size_t
	if err := check(C.tote_box_prove(box, seq, 0, unsafe.Pointer(&proof[0]), C.size_t(len(proof)), &length, &fault), &fault); err != nil {
		return err
	}
	fmt.Printf("record %d is proven in %d bytes\n", seq, length)
	return nil
}

func main() {
	if len(os.Args) != 3 {
		os.Exit(2)
	}
	if err := archive(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "archive:", err)
		os.Exit(1)
	}
}
