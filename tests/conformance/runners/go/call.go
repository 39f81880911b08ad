// One call of a scenario: made, watched, and told.

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"slices"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	llmrpc "github.com/llmrpc/llmrpc/clients/go"
	"github.com/llmrpc/llmrpc/clients/go/llmrpcv1"
)

type step struct {
	Method      string            `json:"method"`
	Request     json.RawMessage   `json:"request"`
	Continue    json.RawMessage   `json:"continue"`
	TimeoutMS   int               `json:"timeout_ms"`
	RequestID   string            `json:"request_id"`
	Metadata    map[string]string `json:"metadata"`
	CancelAfter *int              `json:"cancel_after"`
	CancelWhen  string            `json:"cancel_when"`
	Bytes       bool              `json:"bytes"`
}

func (c *step) options() []llmrpc.CallOption {
	var options []llmrpc.CallOption
	if c.RequestID != "" {
		options = append(options, llmrpc.WithRequestID(c.RequestID))
	}
	for key, value := range c.Metadata {
		options = append(options, llmrpc.WithMetadata(key, value))
	}
	return options
}

// player makes the calls of one scenario; a second turn continues the first.
type player struct {
	client  *llmrpc.Client
	request *llmrpcv1.GenerateRequest
	answer  *llmrpcv1.LLMMessage
}

func (p *player) play(call *step) (object, error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if call.TimeoutMS > 0 {
		ctx, cancel = context.WithTimeout(ctx, time.Duration(call.TimeoutMS)*time.Millisecond)
		defer cancel()
	}
	if call.CancelWhen != "" {
		go cancelWhen(ctx, cancel, call.CancelWhen)
	}
	methods := map[string]func(context.Context, *step, object) error{
		"Generate": p.generate, "StreamText": p.streamText, "Text": p.text, "BatchGenerate": p.batch,
		"CountTokens": p.countTokens, "ListModels": p.listModels, "Health": p.health,
	}
	method, known := methods[call.Method]
	if !known {
		return nil, fmt.Errorf("there is no method %q", call.Method)
	}
	output := object{}
	err := method(ctx, call, output)
	failed, typed := errors.AsType[*llmrpc.Error](err)
	switch {
	case err == nil:
	case errors.Is(err, context.Canceled):
		output["cancelled"] = true
	case typed:
		output["error"] = told(failed)
	default:
		return nil, err // of the scenario
	}
	return output, nil
}

func cancelWhen(ctx context.Context, cancel context.CancelFunc, file string) {
	for ctx.Err() == nil {
		if _, err := os.Stat(file); err == nil {
			cancel()
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// asked is the call's own request, or the last one with its answer and what continues it.
func (p *player) asked(call *step) (*llmrpcv1.GenerateRequest, error) {
	request := &llmrpcv1.GenerateRequest{}
	if call.Continue == nil {
		if err := protojson.Unmarshal(call.Request, request); err != nil {
			return nil, err
		}
		p.request = request
		return request, nil
	}
	more := slices.Concat([]byte(`{"messages": `), call.Continue, []byte("}"))
	if err := protojson.Unmarshal(more, request); err != nil {
		return nil, err
	}
	next := proto.CloneOf(p.request)
	if p.answer != nil {
		next.Messages = append(next.Messages, p.answer)
	}
	next.Messages = append(next.Messages, request.Messages...)
	p.request = next
	return next, nil
}

func (p *player) generate(ctx context.Context, call *step, output object) error {
	request, err := p.asked(call)
	if err != nil {
		return err
	}
	response, err := p.client.Generate(ctx, request, call.options()...)
	if err != nil {
		return err
	}
	p.answer = response.GetMessage()
	output["response"] = canonical(response)
	return nil
}

func (p *player) streamText(ctx context.Context, call *step, output object) error {
	request, err := p.asked(call)
	if err != nil {
		return err
	}
	var seen []*llmrpcv1.StreamEvent
	events := []json.RawMessage{}
	defer func() { output["events"] = events }()
	for event, err := range p.client.StreamText(ctx, request, call.options()...) {
		if err != nil {
			return err
		}
		seen = append(seen, event)
		events = append(events, canonical(event))
		if call.CancelAfter != nil && *call.CancelAfter == len(seen) {
			output["cancelled"] = true
			return nil
		}
	}
	response, err := llmrpc.Accumulate(replay(seen))
	if err != nil {
		return err
	}
	p.answer = response.GetMessage()
	output["accumulated"] = canonical(response)
	if call.Bytes {
		output["bytes"], err = proto.Marshal(response)
	}
	return err
}

func replay(events []*llmrpcv1.StreamEvent) iter.Seq2[*llmrpcv1.StreamEvent, error] {
	return func(yield func(*llmrpcv1.StreamEvent, error) bool) {
		for _, event := range events {
			if !yield(event, nil) {
				return
			}
		}
	}
}

func (p *player) text(ctx context.Context, call *step, output object) error {
	request, err := p.asked(call)
	if err != nil {
		return err
	}
	texts := []string{}
	defer func() { output["texts"] = texts }()
	for text, err := range p.client.Text(ctx, request, call.options()...) {
		if err != nil {
			return err
		}
		texts = append(texts, text)
	}
	return nil
}

func (p *player) batch(ctx context.Context, call *step, output object) error {
	var raw []json.RawMessage
	if err := json.Unmarshal(call.Request, &raw); err != nil {
		return err
	}
	items := make([]*llmrpcv1.BatchItem, len(raw))
	for place, text := range raw {
		items[place] = &llmrpcv1.BatchItem{}
		if err := protojson.Unmarshal(text, items[place]); err != nil {
			return err
		}
	}
	type result struct {
		ID       string          `json:"id"`
		Response json.RawMessage `json:"response,omitempty"`
		Error    object          `json:"error,omitempty"`
	}
	results := []result{}
	defer func() { output["results"] = results }()
	for came, err := range p.client.Batch(ctx, slices.Values(items), call.options()...) {
		if err != nil {
			return err
		}
		one := result{ID: came.GetId()}
		response, err := llmrpc.Outcome(came)
		if failed, ok := errors.AsType[*llmrpc.Error](err); ok {
			one.Error = told(failed)
		} else {
			one.Response = canonical(response)
		}
		results = append(results, one)
	}
	return nil
}

func (p *player) countTokens(ctx context.Context, call *step, output object) error {
	request, err := p.asked(call)
	if err != nil {
		return err
	}
	count, err := p.client.CountTokens(ctx, request, call.options()...)
	if err == nil {
		output["response"] = canonical(count)
	}
	return err
}

func (p *player) listModels(ctx context.Context, call *step, output object) error {
	var asked struct{ Filter string }
	if err := json.Unmarshal(call.Request, &asked); err != nil {
		return err
	}
	models := []json.RawMessage{}
	for model, err := range p.client.Models(ctx, asked.Filter, call.options()...) {
		if err != nil {
			return err
		}
		models = append(models, canonical(model))
	}
	output["models"] = models
	return nil
}

func (p *player) health(ctx context.Context, call *step, output object) error {
	var asked struct{ Service string }
	if err := json.Unmarshal(call.Request, &asked); err != nil {
		return err
	}
	health, err := p.client.Health(ctx, asked.Service, call.options()...)
	if err == nil {
		output["health"] = health.String()
	}
	return err
}
