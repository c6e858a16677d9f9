// SPDX-License-Identifier: ISC

// Verify reads a log as written by libtoteborch through golang.org/x/mod's own tile reader and verifies all of it:
// note, every tile on the way to every leaf, every entry against its leaf, the hash chain, inclusion and consistency.
//
//	verify LOGDIR VKEY
//
// Build without a network against Debian's golang-golang-x-mod-dev:
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go build -o verify verify.go
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	height = 8
	width  = 1 << height
	batch  = 64 * width // leaves a call of the tile reader, which verifies tiles anew in each call
)

// tiles is the library's TileReader over a directory in the C2SP layout.
type tiles struct {
	dir  string
	mu   sync.Mutex
	read map[string]bool
}

func (t *tiles) Height() int                          { return height }
func (t *tiles) SaveTiles(ts []tlog.Tile, d [][]byte) {}

func (t *tiles) ReadTiles(ts []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, len(ts))
	for i, tile := range ts {
		// Path says tile/8/L/N; C2SP's layout has no height in it.
		path := strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/", height), "tile/", 1)
		data, w, err := t.file(path, tile.W)
		if err != nil {
			return nil, err
		}
		if len(data) != w*tlog.HashSize {
			return nil, fmt.Errorf("%s has %d bytes", path, len(data))
		}
		out[i] = data[:tile.W*tlog.HashSize]
	}
	return out, nil
}

// file reads a tile or bundle of width w and says how wide it is: where a partial one has gone, the full one holds the
// same and more.
func (t *tiles) file(path string, w int) ([]byte, int, error) {
	data, err := os.ReadFile(filepath.Join(t.dir, path))
	if errors.Is(err, fs.ErrNotExist) && w < width {
		path, w = path[:strings.LastIndex(path, ".p/")], width
		data, err = os.ReadFile(filepath.Join(t.dir, path))
	}
	t.mu.Lock()
	t.read[path] = true
	t.mu.Unlock()
	return data, w, err
}

// bundle gives the entries of bundle n, of which w are under the checkpoint.
func (t *tiles) bundle(n int64, w int) ([][]byte, error) {
	path := tlog.Tile{H: height, L: 0, N: n, W: w}.Path()
	path = strings.Replace(path, fmt.Sprintf("tile/%d/0/", height), "tile/entries/", 1)
	data, have, err := t.file(path, w)
	if err != nil {
		return nil, err
	}
	var entries [][]byte
	for len(data) > 0 {
		if len(data) < 2 || len(data)-2 < int(binary.BigEndian.Uint16(data)) {
			return nil, fmt.Errorf("%s is cut short in entry %d", path, len(entries))
		}
		end := 2 + int(binary.BigEndian.Uint16(data))
		entries = append(entries, data[2:end])
		data = data[end:]
	}
	if len(entries) != have {
		return nil, fmt.Errorf("%s holds %d entries, not %d", path, len(entries), have)
	}
	return entries[:w], nil
}

// checkpoint verifies the note and takes its text apart, strictly.
func checkpoint(dir, vkey string) (string, tlog.Tree, error) {
	var tree tlog.Tree
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return "", tree, err
	}
	msg, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		return "", tree, err
	}
	n, err := note.Open(msg, note.VerifierList(verifier))
	if err != nil {
		return "", tree, fmt.Errorf("checkpoint: %w", err)
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		return "", tree, fmt.Errorf("checkpoint of %q, not of %q", lines[0], verifier.Name())
	}
	tree.N, err = strconv.ParseInt(lines[1], 10, 64)
	if err != nil || tree.N < 0 || strconv.FormatInt(tree.N, 10) != lines[1] {
		return "", tree, fmt.Errorf("checkpoint has the size %q", lines[1])
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return "", tree, fmt.Errorf("checkpoint has the root %q", lines[2])
	}
	copy(tree.Hash[:], root)
	return verifier.Name(), tree, nil
}

// field gives a header value of an entry, with the percent sign unescaped (vkeys and origins need no other).
func field(entry []byte, key string) string {
	header, _, _ := bytes.Cut(entry, []byte("\n\n"))
	for _, line := range strings.Split(string(header), "\n")[1:] {
		if strings.HasPrefix(line, key+" ") {
			return strings.ReplaceAll(line[len(key)+1:], "%25", "%")
		}
	}
	return ""
}

// links checks that entry seq, whose predecessor has the leaf hash prev, begins as an entry and names both.
func links(entry []byte, seq int64, prev tlog.Hash) error {
	lines := bytes.SplitN(entry, []byte("\n"), 5)
	if len(lines) < 5 || !bytes.HasPrefix(lines[0], []byte("toteborch.entry/")) {
		return fmt.Errorf("entry %d does not begin as an entry", seq)
	}
	if want := "seq " + strconv.FormatInt(seq, 10); string(lines[1]) != want {
		return fmt.Errorf("entry %d says %q", seq, lines[1])
	}
	if !bytes.HasPrefix(lines[2], []byte("time ")) {
		return fmt.Errorf("entry %d has no time", seq)
	}
	if want := "prev " + base64.StdEncoding.EncodeToString(prev[:]); string(lines[3]) != want {
		return fmt.Errorf("entry %d breaks the chain: %q, but the entry before gives %q", seq, lines[3], want)
	}
	return nil
}

func genesis(origin string, entry []byte) (tlog.Hash, error) {
	if field(entry, "origin") != origin {
		return tlog.Hash{}, fmt.Errorf("entry 0 is of the origin %q, not %q", field(entry, "origin"), origin)
	}
	return sha256.Sum256([]byte("toteborch.genesis/1\n" + origin + "\n" + field(entry, "vkey") + "\n")), nil
}

// leaves verifies entries from first up to end: the chain, and each leaf hash against the authenticated level 0.
func leaves(t *tiles, tree tlog.Tree, origin string, first, end int64) ([]tlog.Hash, error) {
	index := make([]int64, 0, end-first+1)
	lo := first
	if lo > 0 {
		lo-- // the leaf before the first: what that one's prev has to name
	}
	for i := lo; i < end; i++ {
		index = append(index, tlog.StoredHashIndex(0, i))
	}
	stored, err := tlog.TileHashReader(tree, t).ReadHashes(index)
	if err != nil {
		return nil, err
	}
	var prev tlog.Hash
	if lo < first {
		prev, stored = stored[0], stored[1:]
	}
	for n := first / width; n*width < end; n++ {
		w := int(end - n*width)
		if w > width {
			w = width
		}
		entries, err := t.bundle(n, w)
		if err != nil {
			return nil, err
		}
		for i, entry := range entries {
			seq := n*width + int64(i)
			if seq == 0 {
				if prev, err = genesis(origin, entry); err != nil {
					return nil, err
				}
			}
			if err := links(entry, seq, prev); err != nil {
				return nil, err
			}
			prev = tlog.RecordHash(entry)
			if prev != stored[seq-first] {
				return nil, fmt.Errorf("entry %d is not the leaf of the tree", seq)
			}
		}
	}
	return stored, nil
}

// allLeaves runs the batches on all processors; each is authenticated by itself, up to the signed root.
func allLeaves(t *tiles, tree tlog.Tree, origin string) ([]tlog.Hash, error) {
	all := make([]tlog.Hash, tree.N)
	jobs, errs := make(chan int64), make(chan error, runtime.NumCPU())
	for i := 0; i < runtime.NumCPU(); i++ {
		go func() {
			var failed error
			for first := range jobs {
				end := first + batch
				if end > tree.N {
					end = tree.N
				}
				if failed == nil {
					var part []tlog.Hash
					part, failed = leaves(t, tree, origin, first, end)
					copy(all[first:], part)
				}
			}
			errs <- failed
		}()
	}
	for first := int64(0); first < tree.N; first += batch {
		jobs <- first
	}
	close(jobs)
	var failed error
	for i := 0; i < runtime.NumCPU(); i++ {
		if err := <-errs; err != nil {
			failed = err
		}
	}
	return all, failed
}

// proofs makes and checks a proof of about 200 entries and of about 50 earlier sizes.
func proofs(t *tiles, tree tlog.Tree, leaf []tlog.Hash) (records, sizes int, err error) {
	reader := tlog.TileHashReader(tree, t)
	for i := int64(0); i < tree.N; i += tree.N/200 + 1 {
		p, err := tlog.ProveRecord(tree.N, i, reader)
		if err == nil {
			err = tlog.CheckRecord(p, tree.N, tree.Hash, i, leaf[i])
		}
		if err != nil {
			return records, sizes, fmt.Errorf("inclusion of entry %d: %w", i, err)
		}
		records++
	}
	for n := int64(1); n <= tree.N; n += tree.N/50 + 1 {
		old, err := tlog.TreeHash(n, reader)
		if err != nil {
			return records, sizes, err
		}
		p, err := tlog.ProveTree(tree.N, n, reader)
		if err == nil {
			err = tlog.CheckTree(p, tree.N, tree.Hash, n, old)
		}
		if err != nil {
			return records, sizes, fmt.Errorf("consistency of size %d: %w", n, err)
		}
		sizes++
	}
	return records, sizes, nil
}

// rest looks at the files that the reading of the newest tree did not touch: earlier partial ones must agree.
func rest(t *tiles, tree tlog.Tree, leaf []tlog.Hash) (older, beyond int, err error) {
	root := filepath.Join(t.dir, "tile")
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), ".tote-w-") {
			return err
		}
		rel, _ := filepath.Rel(t.dir, path)
		if t.read[rel] {
			return nil
		}
		over, err := t.older(rel, tree, leaf)
		if over {
			beyond++
		} else {
			older++
		}
		return err
	})
	return
}

func (t *tiles) older(rel string, tree tlog.Tree, leaf []tlog.Hash) (beyond bool, err error) {
	entries := strings.HasPrefix(rel, "tile/entries/")
	name := strings.Replace(strings.TrimPrefix(rel, "tile/"), "entries/", "0/", 1)
	tile, err := tlog.ParseTilePath(fmt.Sprintf("tile/%d/", height) + name)
	if err != nil || tile.L < 0 {
		return false, fmt.Errorf("%s is no tile", rel)
	}
	if (tile.N*width+int64(tile.W))<<(height*tile.L) > tree.N {
		return true, nil
	}
	if entries {
		got, err := t.bundle(tile.N, tile.W)
		if err != nil {
			return false, err
		}
		for i, entry := range got {
			if tlog.RecordHash(entry) != leaf[tile.N*width+int64(i)] {
				return false, fmt.Errorf("%s differs in entry %d", rel, tile.N*width+int64(i))
			}
		}
		return false, nil
	}
	want, err := tlog.ReadTileData(tile, tlog.TileHashReader(tree, t))
	if err != nil {
		return false, err
	}
	got, err := os.ReadFile(filepath.Join(t.dir, rel))
	if err == nil && !bytes.Equal(got, want) {
		err = fmt.Errorf("%s differs from the tree", rel)
	}
	return false, err
}

func run(dir, vkey string) error {
	origin, tree, err := checkpoint(dir, vkey)
	if err != nil {
		return err
	}
	fmt.Printf("ok note: %s, %d entries, root %v\n", origin, tree.N, tree.Hash)
	t := &tiles{dir: dir, read: map[string]bool{}}
	leaf, err := allLeaves(t, tree, origin)
	if err != nil {
		return err
	}
	fmt.Printf("ok entries: %d against their leaves, and their chain\n", len(leaf))
	records, sizes, err := proofs(t, tree, leaf)
	if err != nil {
		return err
	}
	fmt.Printf("ok proofs: inclusion of %d entries, consistency of %d sizes\n", records, sizes)
	seen := len(t.read)
	older, beyond, err := rest(t, tree, leaf)
	if err != nil {
		return err
	}
	fmt.Printf("ok files: %d tiles and bundles of this tree, %d of earlier ones, %d beyond it not judged\n", seen, older, beyond)
	return nil
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: verify LOGDIR VKEY")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "FAILED", err)
		os.Exit(1)
	}
}
