// Wire vectors: bytes parsed and serialized again.

package main

import (
	"encoding/json"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

func again(given []byte) (object, error) {
	var vector struct {
		Name    string                `json:"name"`
		Message protoreflect.FullName `json:"message"`
		Bytes   []byte                `json:"bytes"`
		JSON    json.RawMessage       `json:"json"`
	}
	if err := json.Unmarshal(given, &vector); err != nil {
		return nil, err
	}
	kind, err := protoregistry.GlobalTypes.FindMessageByName(vector.Message)
	if err != nil {
		return nil, err
	}
	message := kind.New().Interface()
	if err := proto.Unmarshal(vector.Bytes, message); err != nil {
		return object{"name": vector.Name, "error": err.Error()}, nil
	}
	serialized, err := proto.MarshalOptions{Deterministic: true}.Marshal(message)
	if err != nil {
		return nil, err
	}
	output := object{"name": vector.Name, "bytes": serialized}
	if vector.JSON != nil {
		output["json"] = canonical(message)
	}
	return output, nil
}
