// The models that a gateway can call, page by page.

package llmrpc

import (
	"context"
	"fmt"
	"iter"

	"google.golang.org/grpc/codes"

	"github.com/llmrpc/llmrpc/clients/go/llmrpcv1"
)

const (
	pageSize  = 1000 // the most models that the contract has on a page
	mostPages = 1000 // more than any gateway could fill
)

// Models gives the models that the gateway can call, ordered by name; a page is asked
// for as the loop gets there. Each page is a call: with a request id of its own, unless
// [WithRequestID] names them all, and with the client's timeout.
//
// filter is an expression as in AIP-160 over Model's fields, such as
// `provider = "openai" AND capabilities.tools`; empty: all.
func (c *Client) Models(
	ctx context.Context, filter string, options ...CallOption,
) iter.Seq2[*llmrpcv1.Model, error] {
	return func(yield func(*llmrpcv1.Model, error) bool) {
		seen := map[string]bool{}
		for token := ""; len(seen) <= mostPages; seen[token] = true {
			request := &llmrpcv1.ListModelsRequest{PageSize: pageSize, PageToken: token, Filter: filter}
			page, err := unary(ctx, c, c.service.ListModels, request, options)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, model := range page.GetModels() {
				if !yield(model, nil) {
					return
				}
			}
			token = page.GetNextPageToken()
			if token == "" {
				return
			}
			if seen[token] {
				yield(nil, newError(KindOther, codes.Internal,
					"the gateway's list of models comes back to a page it had before"))
				return
			}
		}
		text := fmt.Sprintf("the gateway's list of models has more than %d pages", mostPages)
		yield(nil, newError(KindOther, codes.Internal, text))
	}
}
