// SPDX-License-Identifier: ISC
//! The same small job as examples/c/archive.c, through plain `extern "C"`. Usage: archive DIRECTORY FILE
//!
//!     rustc archive.rs -L native=LIBDIR
use std::env;
use std::ffi::{c_void, CStr, CString};
use std::os::raw::{c_char, c_int};
use std::process::exit;
use std::ptr::{null, null_mut};

const SEQ_ANY: u64 = u64::MAX;
const VERDICT_OK: u32 = 1;

#[repr(C)]
struct Fault {
    code: i32,
    sys_errno: i32,
    seq: u64,
    effect: u32,
    flags: u32,
    container: [c_char; 64],
    text: [c_char; 424],
}

#[repr(C)]
struct Field {
    key: *const c_char,
    value: *const c_void,
    length: usize,
}

#[repr(C)]
struct Record {
    kind: *const c_char,
    actor: *const c_char,
    fields: *const Field,
    field_count: usize,
    payload: *const c_void,
    payload_length: usize,
}

#[repr(C)]
struct Source {
    path: *const c_char,
    file: *const c_char,
    data: *const c_void,
    length: usize,
    fd: i32,
    flags: u32,
    supersedes: u64,
    media_type: *const c_char,
    source: *const c_char,
}

#[repr(C)]
struct Verdict {
    size: u32,
    flags: u32,
    verdict: u32,
    level: u32,
    run: u64,
    entries: u64,
    entries_total: u64,
    assets: u64,
    assets_total: u64,
    bytes: u64,
    bytes_total: u64,
    findings: u64,
    tree_size: u64,
    witnessed: u64,
    oldest_unverified_us: i64,
    root: [u8; 32],
    container: [c_char; 64],
}

type Handle = *mut c_void;

#[link(name = "toteborch")]
extern "C" {
    fn tote_ctx_new(options: *const c_void, ctx: *mut Handle, fault: *mut Fault) -> c_int;
    fn tote_ctx_unref(ctx: Handle) -> Handle;
    fn tote_orchestrator_init(ctx: Handle, root: *const c_char, origin: *const c_char,
        actor: *const c_char, flags: u32, fault: *mut Fault) -> c_int;
    fn tote_orchestrator_open(ctx: Handle, root: *const c_char, flags: u32, out: *mut Handle,
        fault: *mut Fault) -> c_int;
    fn tote_orchestrator_unref(root: Handle) -> Handle;
    fn tote_orchestrator_provision(root: Handle, id: *const c_char, options: *const c_void,
        result: *mut u32, fault: *mut Fault) -> c_int;
    fn tote_box_open(root: Handle, id: *const c_char, options: *const c_void, out: *mut Handle,
        fault: *mut Fault) -> c_int;
    fn tote_box_unref(container: Handle) -> Handle;
    fn tote_box_seal(container: Handle, sources: *const Source, count: usize, actor: *const c_char,
        flags: u32, sealed: *mut c_void, fault: *mut Fault) -> c_int;
    fn tote_box_append(container: Handle, record: *const Record, expected: u64, flags: u32,
        seq: *mut u64, fault: *mut Fault) -> c_int;
    fn tote_box_prove(container: Handle, seq: u64, flags: u32, out: *mut c_void, cap: usize,
        length: *mut usize, fault: *mut Fault) -> c_int;
    fn tote_audit_start(root: Handle, options: *const c_void, out: *mut Handle, fault: *mut Fault)
        -> c_int;
    fn tote_audit_step(job: Handle, bytes: u64, us: i64, fault: *mut Fault) -> c_int;
    fn tote_audit_next_verdict(job: Handle, verdict: *mut Verdict, fault: *mut Fault) -> c_int;
    fn tote_audit_unref(job: Handle) -> Handle;
}

/// Runs a call with a fault of its own; an error is what the fault says.
fn call(f: impl FnOnce(*mut Fault) -> c_int) -> Result<c_int, String> {
    let mut fault: Fault = unsafe { std::mem::zeroed() };
    let rc = f(&mut fault);
    if rc < 0 {
        return Err(text(&fault.text));
    }
    Ok(rc)
}

fn text(chars: &[c_char]) -> String {
    unsafe { CStr::from_ptr(chars.as_ptr()) }.to_string_lossy().into_owned()
}

/// A handle that is dropped by its own unref.
struct Owned(Handle, unsafe extern "C" fn(Handle) -> Handle);

impl Drop for Owned {
    fn drop(&mut self) {
        unsafe { (self.1)(self.0) };
    }
}

fn audit(root: &Owned) -> Result<bool, String> {
    let mut raw = null_mut();
    call(|f| unsafe { tote_audit_start(root.0, null(), &mut raw, f) })?;
    let job = Owned(raw, tote_audit_unref);
    while call(|f| unsafe { tote_audit_step(job.0, 0, 0, f) })? > 0 {}
    let mut v: Verdict = unsafe { std::mem::zeroed() };
    let mut whole = true;
    v.size = std::mem::size_of::<Verdict>() as u32;
    while call(|f| unsafe { tote_audit_next_verdict(job.0, &mut v, f) })? == 1 {
        println!("{}: {} entries and {} assets verified", text(&v.container), v.entries, v.assets);
        whole = whole && v.verdict == VERDICT_OK;
    }
    Ok(whole)
}

fn archive(directory: &str, file: &str) -> Result<bool, String> {
    let c = |s: &str| CString::new(s).expect("no NUL inside");
    let (dir, origin, alice) = (c(directory), c("archive.example.com/acme"), c("alice"));
    let (id, path, file, kind) = (c("contracts"), c("contract"), c(file), c("record"));
    let (key, value, payload) = (c("matter"), "acme/2026-014", "signed by both");
    let mut raw = null_mut();

    call(|f| unsafe { tote_ctx_new(null(), &mut raw, f) })?;
    let ctx = Owned(raw, tote_ctx_unref);
    call(|f| unsafe {
        tote_orchestrator_init(ctx.0, dir.as_ptr(), origin.as_ptr(), alice.as_ptr(), 0, f)
    })?;
    call(|f| unsafe { tote_orchestrator_open(ctx.0, dir.as_ptr(), 0, &mut raw, f) })?;
    let root = Owned(raw, tote_orchestrator_unref);
    call(|f| unsafe { tote_orchestrator_provision(root.0, id.as_ptr(), null(), null_mut(), f) })?;
    call(|f| unsafe { tote_box_open(root.0, id.as_ptr(), null(), &mut raw, f) })?;
    let container = Owned(raw, tote_box_unref);

    let source = Source { path: path.as_ptr(), file: file.as_ptr(), data: null(), length: 0, fd: 0,
        flags: 0, supersedes: 0, media_type: null(), source: null() };
    call(|f| unsafe { tote_box_seal(container.0, &source, 1, alice.as_ptr(), 0, null_mut(), f) })?;
    let field = Field { key: key.as_ptr(), value: value.as_ptr().cast(), length: value.len() };
    let record = Record { kind: kind.as_ptr(), actor: alice.as_ptr(), fields: &field, field_count: 1,
        payload: payload.as_ptr().cast(), payload_length: payload.len() };
    let mut seq = 0;
    call(|f| unsafe { tote_box_append(container.0, &record, SEQ_ANY, 0, &mut seq, f) })?;

    if !audit(&root)? {
        return Ok(false);
    }
    let (mut proof, mut length) = (vec![0u8; 65536], 0);
    call(|f| unsafe {
        tote_box_prove(container.0, seq, 0, proof.as_mut_ptr().cast(), proof.len(), &mut length, f)
    })?;
    println!("record {} is proven in {} bytes", seq, length);
    Ok(true)
}

fn main() {
    let args: Vec<String> = env::args().collect();
    if args.len() != 3 {
        exit(2);
    }
    match archive(&args[1], &args[2]) {
        Ok(whole) => exit(if whole { 0 } else { 1 }),
        Err(e) => {
            eprintln!("archive: {}", e);
            exit(1);
        }
    }
}
