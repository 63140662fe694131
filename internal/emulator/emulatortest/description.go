package emulatortest

import (
	"fmt"
	"slices"
	"sync"

	openapi "github.com/confluentinc/ccloud-sdk-go-v2/kafkarest/v3/api"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
)

// basePath begins every path of the description.
const basePath = "/kafka/v3"

// routes are the operations that the description has for a dialect, loaded when they are first needed.
var routes = map[emulator.Dialect]func() routers.Router{
	emulator.ConfluentCloud:      sync.OnceValue(func() routers.Router { return routesOf(emulator.ConfluentCloud) }),
	emulator.ConfluentPlatform71: sync.OnceValue(func() routers.Router { return routesOf(emulator.ConfluentPlatform71) }),
}

func routesOf(dialect emulator.Dialect) routers.Router {
	doc := describe()
	for _, d := range departures {
		if d.isOf(dialect) {
			d.amend(doc)
		}
	}
	return must(gorillamux.NewRouter(doc))
}

// describe loads Confluent's description, read as strictly as it can be.
func describe() *openapi3.T {
	doc := must(openapi3.NewLoader().LoadFromData(openapi.GetSpec()))
	doc.Servers = nil // any host
	for _, schema := range doc.Components.Schemas {
		tighten(schema.Value)
	}
	return doc
}

// tighten forbids fields that a schema does not name, and values that it does not list where it lists some,
// though the description lets servers have more: an emulator must not invent any.
func tighten(s *openapi3.Schema) {
	for _, part := range s.AllOf {
		tighten(part.Value)
		if s.Properties == nil {
			s.Properties = make(openapi3.Schemas)
		}
		for name, property := range part.Value.Properties {
			s.Properties[name] = property
		}
		s.Required = append(s.Required, part.Value.Required...)
	}
	s.AllOf = nil // else each part would forbid the fields of the others
	if s.Properties != nil {
		no := false
		s.AdditionalProperties = openapi3.AdditionalProperties{Has: &no}
	}
	if values, ok := s.Extensions["x-extensible-enum"].([]any); ok {
		s.Enum = values
		if s.Nullable {
			s.Enum = append(slices.Clone(values), nil)
		}
	}
	for _, property := range s.Properties {
		if property.Ref == "" {
			tighten(property.Value)
		}
	}
	if s.Items != nil && s.Items.Ref == "" {
		tighten(s.Items.Value)
	}
}

func must[V any](v V, err error) V {
	if err != nil {
		panic(fmt.Sprintf("Confluent's description: %v", err))
	}
	return v
}
