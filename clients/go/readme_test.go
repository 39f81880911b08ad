// Every program of the README, and the example, compiles and runs as it stands.

package llmrpc_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// says is what each program prints, by the heading that it stands under.
var says = map[string]*regexp.Regexp{
	"The first answer":       regexp.MustCompile(`^What is a goroutine\?\necho \d+ tokens\n\$0\.0000\n$`),
	"Streaming":              regexp.MustCompile(`^Tell me a story\.\nIt begins with Tell\n4 tokens, 0 nano-USD\n$`),
	"A conversation":         regexp.MustCompile(`^What is a goroutine\?\nShorter, please\.\n4 messages\n$`),
	"Tools, pictures, JSON":  regexp.MustCompile(`^calling weather {"city": "Lyon"}\nYes: rain\.\n$`),
	"Web search and sources": regexp.MustCompile(`^It is Go 1\.26\.\nsource: Release History https://go\.dev/doc/devel/release\n1 searches\n$`),
	"Images in a response":   regexp.MustCompile(`^A gopher\.\nimage/png 8 bytes\n$`),
	"Approvals":              regexp.MustCompile(`^approving {.*"shorten".*}\nDone\.\n$`),
	"Many at once":           regexp.MustCompile(`(?s)Porto A sentence about Porto, please\..*$`),
	"Counting, models, health": regexp.MustCompile(
		`(?s)^4 tokens, counted by METHOD_TOKENIZER\n.*openai/gpt-4o-mini \d+ \[MODALITY_TEXT MODALITY_IMAGE.*\].*\nSERVING true\n$`),
	"Errors": regexp.MustCompile(`^gpt-4o-mni is unknown; similar names are openai/gpt-4o-mini, .*\n$`),
}

// programs are those of the page, by their headings.
func programs(t *testing.T) map[string]string {
	t.Helper()
	page, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, section := range strings.Split(string(page), "\n## ") {
		heading, rest, _ := strings.Cut(section, "\n")
		if _, program, ok := strings.Cut(rest, "```go\n"); ok {
			found[heading], _, _ = strings.Cut(program, "```")
		}
	}
	return found
}

func command(t *testing.T, folder, name string, arguments ...string) string {
	t.Helper()
	run := exec.CommandContext(t.Context(), name, arguments...)
	run.Dir = folder
	output, err := run.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, arguments, err, output)
	}
	return string(output)
}

func TestTheProgramsOfThePageRun(t *testing.T) {
	address := gateway(t)
	folder := t.TempDir()
	module, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	const path = "github.com/llmrpc/llmrpc/clients/go"
	sums, err := os.ReadFile("go.sum")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{
		"go.sum": string(sums),
		"go.mod": strings.Replace(string(module), "module "+path, "module newcomer", 1) +
			fmt.Sprintf("\nrequire %s v0.0.0\n\nreplace %s => %s\n", path, path, here),
	}
	places := map[string]string{}
	for heading, program := range programs(t) {
		place := fmt.Sprintf("program%d", len(places))
		places[heading] = place
		files[place+"/main.go"] = strings.ReplaceAll(program, "localhost:50051", address)
	}
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(folder, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if unformatted := command(t, folder, "gofmt", "-l", "."); unformatted != "" {
		t.Error("not in gofmt's form:", unformatted)
	}
	command(t, folder, "go", "vet", "./...")
	if err := os.Mkdir(filepath.Join(folder, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	command(t, folder, "go", "build", "-ldflags=-w", "-o", "bin/", "./...") // -w: linked in half the time
	if len(places) != len(says) {
		t.Errorf("the page has %d programs, and %d are known here", len(places), len(says))
	}
	for heading, place := range places {
		t.Run(heading, func(t *testing.T) {
			output := command(t, folder, filepath.Join(folder, "bin", place))
			if wanted := says[heading]; wanted == nil || !wanted.MatchString(output) {
				t.Errorf("it printed %q", output)
			}
		})
	}
}

func TestTheExampleRuns(t *testing.T) {
	chat := exec.CommandContext(t.Context(), "go", "run", "./examples/chat", "-address", gateway(t))
	chat.Stdin = strings.NewReader("Good morning\nAnd good night\n")
	output, err := chat.CombinedOutput()
	if err != nil || string(output) != "Good morning\nAnd good night\n" {
		t.Errorf("%v, it printed %q", err, output)
	}
}
