package llmrpc_test

import (
	"context"
	"errors"
	"io"
	"iter"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	llmrpc "github.com/llmrpc/llmrpc/clients/go"
	"github.com/llmrpc/llmrpc/clients/go/llmrpcv1"
)

func item(id string) *llmrpcv1.BatchItem { return llmrpc.BatchItem(id, hello()) }

// echo answers every item with its id, and "bad" with an error.
func echo(stream llmrpcv1.LLMService_BatchGenerateServer) error {
	for {
		item, err := stream.Recv()
		if err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		result := &llmrpcv1.BatchResult{Id: item.GetId(), Outcome: &llmrpcv1.BatchResult_Response{
			Response: &llmrpcv1.LLMResponse{Content: item.GetId()},
		}}
		if item.GetId() == "bad" {
			bad := status.New(codes.InvalidArgument, "spoilt").Proto()
			result.Outcome = &llmrpcv1.BatchResult_Status{Status: bad}
		}
		if err := stream.Send(result); err != nil {
			return err
		}
	}
}

func ids(results iter.Seq2[*llmrpcv1.BatchResult, error]) (ids []string, last error) {
	for result, err := range results {
		if last = err; err == nil {
			ids = append(ids, result.GetId())
		}
	}
	return ids, last
}

func TestABatchGivesAResultForEachItem(t *testing.T) {
	client := dialFake(t, &fake{batch: echo})
	var said []string
	items := slices.Values([]*llmrpcv1.BatchItem{item("a"), item("bad"), item("c")})
	for result, err := range client.Batch(t.Context(), items) {
		if err != nil {
			t.Fatal(err)
		}
		response, err := llmrpc.Outcome(result)
		if failed, ok := errors.AsType[*llmrpc.Error](err); ok {
			said = append(said, failed.Message)
		} else {
			said = append(said, response.GetContent())
		}
	}
	if !slices.Equal(said, []string{"a", "spoilt", "c"}) {
		t.Error(said)
	}
	if ids, err := ids(client.Batch(t.Context(), slices.Values([]*llmrpcv1.BatchItem(nil)))); ids != nil || err != nil {
		t.Error(ids, err)
	}
	if _, err := llmrpc.Outcome(&llmrpcv1.BatchResult{Id: "x"}); !errors.Is(err, llmrpc.ErrStreamInterrupted) {
		t.Error(err)
	}
}

func TestItemsMayWaitForResults(t *testing.T) {
	client := dialFake(t, &fake{batch: echo})
	answered := make(chan string)
	items := func(yield func(*llmrpcv1.BatchItem) bool) {
		for next := "x"; len(next) < 6; next = <-answered + "x" {
			if !yield(item(next)) {
				return
			}
		}
	}
	var last string
	for result, err := range client.Batch(t.Context(), items) {
		if err != nil {
			t.Fatal(err)
		}
		last = result.GetId()
		answered <- last
	}
	if last != "xxxxx" {
		t.Error(last)
	}
}

func TestItemsArePulledAsTheGatewayTakesThem(t *testing.T) {
	release := make(chan struct{})
	client := dialFake(t, &fake{batch: func(stream llmrpcv1.LLMService_BatchGenerateServer) error {
		<-release
		return echo(stream)
	}})
	const all = 400
	large := strings.Repeat("x", 64<<10)
	var pulled atomic.Int32
	items := func(yield func(*llmrpcv1.BatchItem) bool) {
		for range all {
			big := item("a")
			big.GetGenerate().Messages[0].Content = large
			pulled.Add(1)
			if !yield(big) {
				return
			}
		}
	}
	waiting := make(chan error)
	go func() {
		ids, err := ids(client.Batch(t.Context(), items))
		if err == nil && len(ids) != all {
			err = errors.New("results are missing")
		}
		waiting <- err
	}()
	var before int32
	still := 0
	until(t, "no more are pulled", func() bool {
		now := pulled.Load()
		if now == before && now > 0 {
			still++
		} else {
			still = 0
		}
		before = now
		return still > 50
	})
	if before > all/4 {
		t.Errorf("%d items were pulled while none was taken", before)
	}
	close(release)
	if err := <-waiting; err != nil {
		t.Error(err)
	}
}

func TestABatchThatIsLeftEarlyIsCanceledAndPullsNoMore(t *testing.T) {
	canceled := make(chan struct{}, 1)
	client := dialFake(t, &fake{batch: func(stream llmrpcv1.LLMService_BatchGenerateServer) error {
		err := echo(stream)
		canceled <- struct{}{}
		return err
	}})
	var running atomic.Int32
	items := func(yield func(*llmrpcv1.BatchItem) bool) {
		running.Add(1)
		defer running.Add(-1)
		for yield(item("a")) {
		}
	}
	leave := func() {
		for _, err := range client.Batch(t.Context(), items) {
			if err != nil {
				t.Fatal(err)
			}
			break
		}
		received(t, canceled)
		until(t, "the items end", func() bool { return running.Load() == 0 })
	}
	leave()
	before := runtime.NumGoroutine()
	for range 5 {
		leave()
	}
	until(t, "as many goroutines as before", func() bool { return runtime.NumGoroutine() <= before })
}

func TestABatchThatIsNotWholeIsInterrupted(t *testing.T) {
	one := func(stream llmrpcv1.LLMService_BatchGenerateServer) error {
		item, err := stream.Recv()
		if err != nil {
			return err
		}
		return stream.Send(&llmrpcv1.BatchResult{Id: item.GetId()})
	}
	items := slices.Values([]*llmrpcv1.BatchItem{item("a"), item("b")})
	got, err := ids(dialFake(t, &fake{batch: one}).Batch(t.Context(), items))
	if !slices.Equal(got, []string{"a"}) || !errors.Is(err, llmrpc.ErrStreamInterrupted) {
		t.Error(got, err)
	}
	broken := func(stream llmrpcv1.LLMService_BatchGenerateServer) error {
		if err := one(stream); err != nil {
			return err
		}
		return status.Error(codes.Unavailable, "gone")
	}
	got, err = ids(dialFake(t, &fake{batch: broken}).Batch(t.Context(), items))
	if !slices.Equal(got, []string{"a"}) || !errors.Is(err, llmrpc.ErrStreamInterrupted) {
		t.Error(got, err)
	}
}

func TestABatchThatEndsWhileItemsStillComeIsInterrupted(t *testing.T) {
	client := dialFake(t, &fake{batch: func(llmrpcv1.LLMService_BatchGenerateServer) error { return nil }})
	waiting := func(func(*llmrpcv1.BatchItem) bool) { <-t.Context().Done() }
	if got, err := ids(client.Batch(t.Context(), waiting)); got != nil || !errors.Is(err, llmrpc.ErrStreamInterrupted) {
		t.Error(got, err)
	}
}

func TestItemsThatFailCancelTheBatchWithTheirCause(t *testing.T) {
	client := dialFake(t, &fake{batch: echo})
	unreadable := errors.New("line 2 cannot be read")
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	items := func(yield func(*llmrpcv1.BatchItem) bool) {
		yield(item("a"))
		cancel(unreadable)
	}
	_, err := ids(client.Batch(ctx, items))
	if !errors.Is(err, unreadable) || !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestTheClientsTimeoutDoesNotBoundABatch(t *testing.T) {
	var bounded []bool
	client := dialFake(t, &fake{batch: func(stream llmrpcv1.LLMService_BatchGenerateServer) error {
		_, has := stream.Context().Deadline()
		bounded = append(bounded, has)
		return echo(stream)
	}}, llmrpc.WithTimeout(time.Hour))
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	for _, ctx := range []context.Context{t.Context(), ctx} {
		if _, err := ids(client.Batch(ctx, slices.Values([]*llmrpcv1.BatchItem{item("a")}))); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(bounded, []bool{false, true}) {
		t.Error(bounded)
	}
}

func TestAnItemThatIsTooLargeIsNamedSo(t *testing.T) {
	client := dialFake(t, &fake{batch: echo})
	huge := item("huge")
	huge.GetGenerate().Messages[0].Content = strings.Repeat("x", llmrpc.MaxMessageBytes)
	_, err := ids(client.Batch(t.Context(), slices.Values([]*llmrpcv1.BatchItem{huge})))
	if !errors.Is(err, llmrpc.ErrInvalidRequest) || !strings.Contains(err.Error(), "this client sends at most") {
		t.Error(err)
	}
}

func TestAnItemThatCannotBeSentIsNoFaultOfTheGateway(t *testing.T) {
	client := dialFake(t, &fake{batch: echo})
	answered := make(chan struct{})
	items := func(yield func(*llmrpcv1.BatchItem) bool) {
		if yield(item("a")) {
			<-answered
			yield(item("\xff"))
		}
	}
	var last error
	for result, err := range client.Batch(t.Context(), items) {
		if result.GetId() == "a" {
			close(answered)
		}
		last = err
	}
	if last == nil || errors.Is(last, llmrpc.ErrStreamInterrupted) || !strings.Contains(last.Error(), "UTF-8") {
		t.Error(last)
	}
}
