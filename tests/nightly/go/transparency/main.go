// transparency-dev's libraries as an oracle: the same questions as in ../main.go, and cosigned checkpoints.
package main

import (
	"bufio"
	"encoding/json"
	"os"

	"oracle/formats/log"
	fnote "oracle/formats/note"
	"oracle/merkle/proof"
	"oracle/merkle/rfc6962"
	"oracle/note"
)

type question struct {
	Kind    string
	Leaf    []byte
	Root    []byte
	Old     []byte
	Proof   [][]byte
	Index   uint64
	Size    uint64
	Before  uint64
	Note    string
	Key     string
	Origin  string
	Witness string
}

func opened(q question) bool {
	verifier, err := note.NewVerifier(q.Key)
	if err != nil {
		return false
	}
	var others []note.Verifier
	if q.Witness != "" {
		witness, err := fnote.NewVerifierForCosignatureV1(q.Witness)
		if err != nil {
			return false
		}
		others = append(others, witness)
	}
	_, _, found, err := log.ParseCheckpoint([]byte(q.Note), q.Origin, verifier, others...)
	return err == nil && len(found.Sigs) == 1+len(others)
}

func answer(q question) bool {
	switch q.Kind {
	case "inclusion":
		return proof.VerifyInclusion(rfc6962.DefaultHasher, q.Index, q.Size, q.Leaf, q.Proof, q.Root) == nil
	case "consistency":
		return proof.VerifyConsistency(rfc6962.DefaultHasher, q.Before, q.Size, q.Proof, q.Old, q.Root) == nil
	default:
		return opened(q)
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
