// A real gateway as a process, which calls the scripted providers.

package llmrpc_test

import (
	"bufio"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// gateway is its address. It runs from the first test that asks to the last.
func gateway(t *testing.T) string {
	t.Helper()
	address, err := startGateway()
	if os.IsNotExist(err) && os.Getenv("LEAVE_NOTHING_OUT") == "" {
		t.Skip("left out: ", err, "; make test-go brings one")
	}
	if err != nil {
		t.Fatal(err)
	}
	return address
}

var (
	running  *exec.Cmd
	provider *httptest.Server
)

var startGateway = sync.OnceValues(func() (string, error) {
	_ = os.Getenv("LLMRPC_SERVER_STATE") // of another gateway, Go runs the tests again
	program := os.Getenv("LLMRPC_SERVER")
	if program == "" {
		program = "../../.venv/bin/llmrpc-server"
	}
	if _, err := os.Stat(program); err != nil {
		return "", err
	}
	provider = startProviders()
	running = exec.Command(program, "--address", "127.0.0.1:0")
	running.Env = []string{
		"PATH=" + os.Getenv("PATH"), "PYTHONUNBUFFERED=1", "LLMRPC_DISCOVERY=false", "LLM_DEFAULT_MODEL=echo/echo",
		"OPENAI_API_KEY=a-key", "OPENAI_BASE_URL=" + provider.URL + "/v1",
		"ANTHROPIC_API_KEY=a-key", "ANTHROPIC_BASE_URL=" + provider.URL,
		"GOOGLE_AI_API_KEY=a-key", "GOOGLE_AI_BASE_URL=" + provider.URL + "/v1beta",
	}
	said, err := running.StdoutPipe()
	if err != nil {
		return "", err
	}
	var complaint strings.Builder
	running.Stderr = &complaint
	if err := running.Start(); err != nil {
		return "", err
	}
	announced := regexp.MustCompile(`gRPC\s+(\S+)`)
	for lines := bufio.NewScanner(said); lines.Scan(); {
		if found := announced.FindStringSubmatch(lines.Text()); found != nil {
			go func() {
				for lines.Scan() { // so that it never waits for its reader
				}
			}()
			return found[1], nil
		}
	}
	return "", fmt.Errorf("the gateway ended: %v, %s", running.Wait(), complaint.String())
})

func TestMain(m *testing.M) {
	code := m.Run()
	if running != nil && running.Process != nil {
		_ = running.Process.Signal(os.Interrupt)
		_ = running.Wait()
	}
	if provider != nil {
		provider.Close()
	}
	os.Exit(code)
}
