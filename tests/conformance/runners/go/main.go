// The conformance runner of the Go client: ../../README.md says what it gets and prints.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	llmrpc "github.com/llmrpc/llmrpc/clients/go"
)

type object = map[string]any

type scenario struct {
	Name   string `json:"name"`
	Target struct {
		Address string `json:"address"`
		Token   string `json:"token"`
		CA      string `json:"ca"`
		Cert    string `json:"cert"`
		Key     string `json:"key"`
	} `json:"target"`
	Calls []step `json:"calls"`
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(files []string) error {
	handle := play
	if len(files) > 0 && files[0] == "--vectors" {
		handle, files = again, files[1:]
	}
	output := json.NewEncoder(os.Stdout)
	output.SetEscapeHTML(false)
	for _, file := range files {
		given, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		result, err := handle(given)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		if err := output.Encode(result); err != nil {
			return err
		}
	}
	return nil
}

// play makes the calls of a scenario, one after the other.
func play(given []byte) (object, error) {
	var scenario scenario
	if err := json.Unmarshal(given, &scenario); err != nil {
		return nil, err
	}
	client, err := connect(&scenario)
	if err != nil {
		return nil, err
	}
	defer func() { _ = client.Close() }()
	player := &player{client: client}
	outputs := []object{}
	for _, call := range scenario.Calls {
		output, err := player.play(&call)
		if err != nil {
			return nil, err
		}
		outputs = append(outputs, output)
	}
	return object{"name": scenario.Name, "calls": outputs}, nil
}

func connect(scenario *scenario) (*llmrpc.Client, error) {
	target := scenario.Target
	options := []llmrpc.Option{llmrpc.WithToken(target.Token)}
	if target.CA != "" {
		options = append(options, llmrpc.WithCA(target.CA))
	}
	if target.Cert != "" {
		options = append(options, llmrpc.WithClientCertificate(target.Cert, target.Key))
	}
	return llmrpc.Dial(context.Background(), target.Address, options...)
}
