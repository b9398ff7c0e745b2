// The Go toolchain's own copy of golang.org/x/mod/sumdb as an oracle: one JSON question in each line, one answer in each.
package main

import (
	"bufio"
	"encoding/json"
	"os"

	"oracle/note"
	"oracle/tlog"
)

type question struct {
	Kind   string
	Leaf   []byte
	Root   []byte
	Old    []byte
	Proof  [][]byte
	Index  int64
	Size   int64
	Before int64
	Note   string
	Key    string
}

func hash(data []byte) (h tlog.Hash) {
	copy(h[:], data)
	return
}

func hashes(list [][]byte) (found []tlog.Hash) {
	for _, data := range list {
		found = append(found, hash(data))
	}
	return
}

func answer(q question) bool {
	switch q.Kind {
	case "inclusion":
		return tlog.CheckRecord(tlog.RecordProof(hashes(q.Proof)), q.Size, hash(q.Root), q.Index, hash(q.Leaf)) == nil
	case "consistency":
		return tlog.CheckTree(tlog.TreeProof(hashes(q.Proof)), q.Size, hash(q.Root), q.Before, hash(q.Old)) == nil
	default:
		verifier, err := note.NewVerifier(q.Key)
		if err != nil {
			return false
		}
		_, err = note.Open([]byte(q.Note), note.VerifierList(verifier))
		return err == nil
	}
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var q question
		if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
			panic(err)
		}
		if err := out.Encode(answer(q)); err != nil {
			panic(err)
		}
	}
}
