package emulatortest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
)

// Check returns what [emulator.Config] has as Observe: a call that departs from Confluent's description, but
// for [departures], fails the test, once for each kind of departure.
//
// Answers are always checked, and so are the requests of clients. Those that a test makes with net/http alone
// may be wrong on purpose, but then have to be refused.
func Check(t T, dialect emulator.Dialect) func(emulator.Exchange) {
	routes := routes[dialect]() // loaded before any request's time begins to run
	var told sync.Map
	return func(e emulator.Exchange) {
		for _, departure := range departuresOf(routes, e) {
			if _, again := told.LoadOrStore(departure, true); !again {
				t.Errorf("%s %s, answered with %d, is not what Confluent describes: %s", e.Request.Method, e.Request.URL, e.Status, departure)
			}
		}
	}
}

// departuresOf tells how a call departs from the description.
func departuresOf(routes routers.Router, e emulator.Exchange) []string {
	mayBeWrong := strings.HasPrefix(e.Request.UserAgent(), "Go-http-client/") && (e.Status == 0 || e.Status >= http.StatusBadRequest)
	var found []string
	input, err := find(routes, e)
	if err == nil && e.Status != 0 {
		if err := checkAnswer(input, e); err != nil {
			found = append(found, "answer: "+err.Error())
		}
	}
	if err == nil {
		err = checkRequest(input)
	}
	if err != nil && !mayBeWrong {
		found = append(found, "request: "+err.Error())
	}
	return found
}

// find finds the operation that a request calls.
func find(routes routers.Router, e emulator.Exchange) (*openapi3filter.RequestValidationInput, error) {
	path, ok := strings.CutPrefix(e.Request.URL.EscapedPath(), e.BasePath)
	if !ok {
		return nil, fmt.Errorf("the path does not begin with %s", e.BasePath)
	}
	described := basePath + path + "?" + e.Request.URL.RawQuery
	r, err := http.NewRequestWithContext(e.Request.Context(), e.Request.Method, described, bytes.NewReader(e.RequestBody))
	if err != nil {
		return nil, err
	}
	r.Header = e.Request.Header
	route, parameters, err := routes.FindRoute(r)
	if err != nil {
		return nil, err
	}
	options := &openapi3filter.Options{
		AuthenticationFunc:                openapi3filter.NoopAuthenticationFunc,
		IncludeResponseStatus:             true,
		RejectWhenRequestBodyNotSpecified: true,
		SkipSettingDefaults:               true,
	}
	options.WithCustomSchemaErrorFunc(func(err *openapi3.SchemaError) string {
		return fmt.Sprintf("at /%s: %s", strings.Join(err.JSONPointer(), "/"), err.Reason)
	})
	return &openapi3filter.RequestValidationInput{Request: r, PathParams: parameters, Route: route, Options: options}, nil
}

func checkRequest(input *openapi3filter.RequestValidationInput) error {
	for name := range input.GetQueryParams() {
		if input.Route.Operation.Parameters.GetByInAndName(openapi3.ParameterInQuery, name) == nil {
			return fmt.Errorf("there is no query parameter %q", name)
		}
	}
	return openapi3filter.ValidateRequest(context.Background(), input)
}

func checkAnswer(input *openapi3filter.RequestValidationInput, e emulator.Exchange) error {
	described := input.Route.Operation.Responses.Status(e.Status)
	if described != nil && len(described.Value.Content) == 0 && len(e.Body) > 0 {
		return errors.New("there should be no body")
	}
	answer := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: e.Status, Header: e.Header, Options: input.Options,
	}
	return openapi3filter.ValidateResponse(context.Background(), answer.SetBodyBytes(e.Body))
}
