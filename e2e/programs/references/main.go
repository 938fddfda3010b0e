// Command references prints, for each JSON string read from standard input, how distribution's own
// parser reads it as an image reference: one JSON object a line.
package main

import (
	"bufio"
	"encoding/json"
	"log"
	"os"

	"github.com/distribution/reference"
	_ "github.com/opencontainers/go-digest"
	_ "crypto/sha256"
	_ "crypto/sha512"
)

type answer struct {
	Input      string `json:"input"`
	Host       string `json:"host,omitempty"`
	Repository string `json:"repository,omitempty"`
	Tag        string `json:"tag,omitempty"`
	Digest     string `json:"digest,omitempty"`
	Error      string `json:"error,omitempty"`
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 1<<20), 1<<20)
	out := json.NewEncoder(os.Stdout)
	for in.Scan() {
		var input string
		if err := json.Unmarshal(in.Bytes(), &input); err != nil {
			log.Fatal(err)
		}
		if err := out.Encode(parse(input)); err != nil {
			log.Fatal(err)
		}
	}
	if err := in.Err(); err != nil {
		log.Fatal(err)
	}
}

func parse(input string) answer {
	named, err := reference.ParseDockerRef(input)
	if err != nil {
		return answer{Input: input, Error: err.Error()}
	}
	result := answer{Input: input, Host: reference.Domain(named), Repository: reference.Path(named)}
	// ParseDockerRef drops the tag of a reference that has a digest too; ours keeps both.
	full, _ := reference.ParseNormalizedNamed(input)
	if tagged, ok := reference.TagNameOnly(full).(reference.Tagged); ok {
		result.Tag = tagged.Tag()
	}
	if digested, ok := full.(reference.Digested); ok {
		result.Digest = digested.Digest().String()
	}
	return result
}
