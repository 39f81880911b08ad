// What gRPC says of a call that never got to a gateway, for a person.

package llmrpc

import (
	"fmt"
	"regexp"

	"google.golang.org/grpc/status"
)

var retriesExhausted = regexp.MustCompile(`^max retries exhausted: failed after \d+ attempts: rpc error: code = \w+ desc = `)

// asTheGatewaySaid is the status without what gRPC puts before the last of its tries.
func asTheGatewaySaid(s *status.Status) *status.Status {
	prefix := retriesExhausted.FindString(s.Message())
	if prefix == "" {
		return s
	}
	proto := s.Proto()
	proto.Message = proto.Message[len(prefix):]
	return status.FromProto(proto)
}

// sign is what gRPC for Go says, by a pattern, and what that means. Its statuses have
// no codes beneath them, only words; these are those of 1.85. Where they change, the
// words themselves are shown.
type sign struct {
	words   *regexp.Regexp
	cause   string
	meaning string // with the target, and what the pattern's group found
}

const noTLS = "TLS does not match: "

var signs = []sign{
	{
		regexp.MustCompile(`connection refused()`), "nobody",
		"no gateway answers at %s; start one with `make run` or `llmrpc-server`%s",
	},
	{
		regexp.MustCompile(`name resolver error|no such host()`), "nobody",
		"no gateway answers at %s: nothing is known under that name%s",
	},
	{
		regexp.MustCompile(`x509: (?:certificate is (?:not )?valid for|cannot validate certificate for)()`), "tls",
		noTLS + "the certificate of what answers at %s is for another name%s",
	},
	{
		regexp.MustCompile(`x509: ([^"(]*[^"( ])`), "tls",
		noTLS + "the certificate of what answers at %s is not one to trust here (%s)",
	},
	{
		regexp.MustCompile(`does not look like a TLS handshake()`), "tls",
		noTLS + "what answers at %s speaks no TLS%s",
	},
	{
		regexp.MustCompile(`handshake failed|remote error: tls()`), "tls",
		noTLS + "what answers at %s refuses it%s",
	},
	{
		regexp.MustCompile(`HTTP/1\.1 header()`), "protocol",
		"what answers at %s speaks HTTP/1 and not gRPC; it is no gateway, or its port for metrics%s",
	},
	{
		regexp.MustCompile(`error reading server preface|write: broken pipe|write: connection reset()`), "tls",
		noTLS + "something answers at %s and hangs up, as one does that wants TLS, or a certificate of the caller%s",
	},
}

// unavailable is the cause and a sentence for a person; without a known cause it has
// the words.
func unavailable(target, words string) (cause, text string) {
	for _, sign := range signs {
		if found := sign.words.FindStringSubmatch(words); found != nil {
			return sign.cause, fmt.Sprintf(sign.meaning, target, found[1])
		}
	}
	return "", fmt.Sprintf("the gateway at %s is not available: %s", target, words)
}

var (
	sentTooLarge     = regexp.MustCompile(`trying to send message larger than max \((\d+) vs\. (\d+)\)`)
	receivedTooLarge = regexp.MustCompile(`SERVER: Received message larger than max \((\d+) vs\. (\d+)\)`)
	answerTooLarge   = regexp.MustCompile(`received message (?:after decompression )?larger than max \(?(\d+) vs\. (\d+)`)
)

// tooLarge is a sentence for a message above a bound, and whether the gateway worked on
// the call; empty where the words are of something else.
func tooLarge(target, words string) (text string, reached bool) {
	if found := sentTooLarge.FindStringSubmatch(words); found != nil {
		return fmt.Sprintf("the request has %s bytes; this client sends at most %s", found[1], found[2]), false
	}
	if found := receivedTooLarge.FindStringSubmatch(words); found != nil {
		return fmt.Sprintf("the request has %s bytes; the gateway at %s takes at most %s "+
			"(`listen.max_message_bytes`)", found[1], target, found[2]), false
	}
	if found := answerTooLarge.FindStringSubmatch(words); found != nil {
		return fmt.Sprintf("the answer has %s bytes; this client takes at most %s", found[1], found[2]), true
	}
	return "", false
}

// deadlinePassed is a sentence for a deadline, with what gRPC adds to it.
func deadlinePassed(words string) string {
	const passed = "the deadline of the call passed before the answer was whole"
	switch words {
	case "", "context deadline exceeded", "Deadline Exceeded":
		return passed
	}
	return passed + ": " + words
}
