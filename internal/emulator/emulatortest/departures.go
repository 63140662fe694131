package emulatortest

import (
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
)

// departure is something that servers do though Confluent's description does not say so, or says otherwise.
type departure struct {
	what  string
	why   string
	of    []emulator.Dialect // empty: of all
	amend func(*openapi3.T)  // makes the description say it
}

func (d departure) isOf(dialect emulator.Dialect) bool {
	return len(d.of) == 0 || slices.Contains(d.of, dialect)
}

var (
	onCloud    = []emulator.Dialect{emulator.ConfluentCloud}
	onPlatform = []emulator.Dialect{emulator.ConfluentPlatform71}
)

const (
	clusters = basePath + "/clusters"
	links    = clusters + "/{cluster_id}/links"
	link     = links + "/{link_name}"
	mirrors  = link + "/mirrors"
)

// departures are all in which the emulator may depart from Confluent's description. What is not here fails
// the test in which it happens.
var departures = []departure{
	{
		what: "a link and a mirror topic are created with status 201",
		why:  "recorded on live servers; described is 204",
		of:   onPlatform,
		amend: func(doc *openapi3.T) {
			for _, path := range []string{links, mirrors} {
				responses := doc.Paths.Value(path).Post.Responses
				responses.Set("201", responses.Value("204"))
			}
		},
	},
	{
		what: "a link is deleted with status 204",
		why:  "recorded on live servers; described is 200",
		of:   onCloud,
		amend: func(doc *openapi3.T) {
			responses := doc.Paths.Value(link).Delete.Responses
			responses.Set("204", responses.Value("200"))
		},
	},
	{
		what: "any call can be refused with any status of 4xx",
		why:  "live servers say 404 for links and mirror topics that are not there, 405, 409, 413 and 415; described are few, and differ from call to call",
		amend: func(doc *openapi3.T) {
			refusal := doc.Paths.Value(links).Get.Responses.Value("400")
			for _, path := range doc.Paths.Map() {
				for _, operation := range path.Operations() {
					operation.Responses.Set("4XX", refusal)
				}
			}
		},
	},
	{
		what: "clusters can be listed",
		why:  "Confluent Server and the REST Proxy offer it; described is the API of Confluent Cloud",
		amend: func(doc *openapi3.T) {
			one := doc.Paths.Value(clusters + "/{cluster_id}").Get
			list := openapi3.NewObjectSchema().WithRequired([]string{"kind", "metadata", "data"})
			list.Properties = openapi3.Schemas{
				"kind":     openapi3.NewStringSchema().NewRef(),
				"metadata": doc.Components.Schemas["ResourceCollectionMetadata"],
				"data":     {Value: &openapi3.Schema{Type: &openapi3.Types{openapi3.TypeArray}, Items: doc.Components.Schemas["ClusterData"]}},
			}
			responses := openapi3.NewResponses()
			for status, response := range one.Responses.Map() {
				responses.Set(status, response)
			}
			responses.Set("200", &openapi3.ResponseRef{Value: openapi3.NewResponse().WithJSONSchema(list)})
			doc.Paths.Set(clusters, &openapi3.PathItem{Get: &openapi3.Operation{Responses: responses}})
		},
	},
	{
		what: "lists take the query parameters page_token and page_size",
		why:  "metadata.next is described, and not what is in it; clients have to follow it, whatever that is",
		amend: func(doc *openapi3.T) {
			for _, path := range doc.Paths.Map() {
				if path.Get != nil {
					path.Get.AddParameter(openapi3.NewQueryParameter("page_token").WithSchema(openapi3.NewStringSchema()))
					path.Get.AddParameter(openapi3.NewQueryParameter("page_size").WithSchema(openapi3.NewIntegerSchema()))
				}
			}
		},
	},
	{
		what: "the flags of a link's setting are called default, read_only and sensitive",
		why:  "so older servers of one's own say; described are is_default, is_read_only and is_sensitive",
		of:   onPlatform,
		amend: func(doc *openapi3.T) {
			setting := linkSetting(doc)
			for _, flag := range []string{"is_default", "is_read_only", "is_sensitive"} {
				older := strings.TrimPrefix(flag, "is_")
				setting.Properties[older] = setting.Properties[flag]
				delete(setting.Properties, flag)
				for i, name := range setting.Required {
					if name == flag {
						setting.Required[i] = older
					}
				}
			}
		},
	},
	{
		what: "the source of a link's setting can be DEFAULT_CONFIG",
		why:  "recorded on live servers; described is DYNAMIC_CLUSTER_LINK_CONFIG alone, of values that can become more",
		of:   onCloud,
		amend: func(doc *openapi3.T) {
			allow(linkSetting(doc).Properties["source"], "DEFAULT_CONFIG")
		},
	},
	{
		what: "the value of a link's setting can be null",
		why:  "recorded on live servers for secrets and for what is unset; described is a string",
		amend: func(doc *openapi3.T) {
			linkSetting(doc).Properties["value"].Value.Nullable = true
		},
	},
	{
		what: "the state of a link can be UNMANAGED_SOURCE",
		why:  "recorded on live servers, of rows without a name that a deleted link has left",
		of:   onCloud,
		amend: func(doc *openapi3.T) {
			allow(doc.Components.Schemas["ListLinksResponseData"].Value.Properties["link_state"], "UNMANAGED_SOURCE")
		},
	},
	{
		what: "the status of a mirror topic can be " + UnknownStatus,
		why:  "in tests it stands for what newer servers will say",
		amend: func(doc *openapi3.T) {
			allow(doc.Components.Schemas["MirrorTopicStatus"], UnknownStatus)
		},
	},
}

// UnknownStatus is a status of mirror topics that no description has.
const UnknownStatus = "NEVER_SEEN_BEFORE"

func linkSetting(doc *openapi3.T) *openapi3.Schema {
	return doc.Components.Schemas["ListLinkConfigsResponseData"].Value
}

// allow adds a value to those that a schema lists.
func allow(schema *openapi3.SchemaRef, value any) {
	schema.Value.Enum = append(schema.Value.Enum, value)
}
