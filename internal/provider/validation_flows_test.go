package provider

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
)

// What stands on the server already may be what the plan replaces.
func TestPlanThatReplacesALinkIsNotRefused(t *testing.T) {
	inEachDialect(t, func(t *testing.T, w *world, _ emulator.Dialect) {
		config := w.config(demoLink("") + linkSI3WithoutMirror)
		c := newCLI(t, strings.Replace(config, "endpoints = {", "plan_validation = false\n  endpoints = {", 1))
		c.applies(3)
		c.write(config)
		w.destination.ResetRequests()
		w.source.ResetRequests()
		for _, address := range []string{demo, "clusterlink_link.inbound", "clusterlink_link.outbound"} {
			says(t, c.succeeds("plan", "-replace="+address), "1 to add, 0 to change, 1 to destroy.")
		}
		c.succeeds("taint", demo)
		says(t, c.succeeds("plan"), "1 to add, 0 to change, 1 to destroy.")
		c.write(w.config(strings.Replace(demoLink(""), `"security.protocol"`, `"cluster.link.prefix" = "src-"
    "security.protocol"`, 1) + linkSI3WithoutMirror))
		says(t, c.succeeds("plan"), "1 to add, 0 to change, 1 to destroy.")
		for on, links := range map[*emulator.Cluster]int{w.source: 1, w.destination: 4} {
			if asked := calls(on, `validate_only=true`); len(asked) != links {
				t.Errorf("validated on %s: %q", on.ID(), asked)
			}
			w.nothingWasChanged(on)
		}

		says(t, c.succeeds("apply", "-auto-approve"), "1 added, 0 changed, 1 destroyed.")
		says(t, c.succeeds("apply", "-auto-approve", "-replace=clusterlink_link.inbound"), "1 added, 0 changed, 1 destroyed.")
		says(t, c.succeeds("plan"), "No changes.")
		says(t, c.succeeds("destroy", "-auto-approve"), "3 destroyed")
	})
}

// A first apply that ends half way leaves something to go on from and to
// destroy. The other half of the pair can be validated by then.
func TestHalfFinishedFirstApplyGoesOnOrIsDestroyed(t *testing.T) {
	inEachDialect(t, func(t *testing.T, w *world, _ emulator.Dialect) {
		w.topic("test-si1", "1")
		right := w.config(linkSI3)
		wrong := strings.Replace(right, `"sasl.jaas.config"                  = provider::clusterlink::jaas_config("PLAIN", "linker", "kafka-password-1")`,
			`"sasl.jaas.config" = provider::clusterlink::jaas_config("PLAIN", "linker", "wrong")`, 1)
		c := newCLI(t, wrong)
		says(t, c.succeeds("plan"), "3 to add")
		says(t, c.fails("apply", "-auto-approve"), "Unable to validate cluster link")
		if err := w.told(w.destination, "POST /links?link_name=link-si3&validate_link=true")(nil); err != nil {
			t.Error(err)
		}
		w.source.ResetRequests()
		for _, command := range [][]string{{"plan"}, {"destroy", "-auto-approve"}} {
			says(t, c.fails(command...), "Link refused by the server", `"sasl.jaas.config" = provider::clusterlink::jaas_config("PLAIN", "linker", "wrong")`, refreshEscape)
		}
		w.nothingWasChanged(w.destination)
		w.nothingWasChanged(w.source)

		says(t, c.succeeds("destroy", "-auto-approve", "-refresh=false"), "1 destroyed")
		says(t, c.succeeds("destroy", "-auto-approve"), "0 destroyed")
		c.fails("apply", "-auto-approve")
		c.write(right)
		says(t, c.succeeds("apply", "-auto-approve"), "2 added, 0 changed, 0 destroyed.")
		w.expectRecords(w.destination, "test-si1", "1")
		says(t, c.succeeds("destroy", "-auto-approve"), "3 destroyed")
	})
}

func TestLinkWhoseMirrorTopicFailedIsKeptAndCanBeDestroyed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := newCLI(t, w.config(demoLink("")+demoMirror("")))
	says(t, c.fails("apply", "-auto-approve"), "does not exist on the source cluster")
	w.destination.ResetRequests()
	says(t, c.succeeds("plan"), "1 to add, 0 to change, 0 to destroy.")
	w.nothingWasChanged(w.destination)
	says(t, c.succeeds("destroy", "-auto-approve"), "1 destroyed")
}

func TestPlanFailsAtTheAttributeThatIsWrong(t *testing.T) {
	t.Parallel()
	const refused = ": Link refused by the server"
	answers := func(status int, message string) emulator.Fault {
		return emulator.Fault{Method: "POST", Path: `/links$`, Status: status, Body: fmt.Sprintf(`{"error_code":%d,"message":%q}`, status*100+2, message)}
	}
	for name, c := range map[string]struct {
		more, others attrs
		fault        emulator.Fault
		want         string
	}{
		"an address where nobody listens":    {more: attrs{bootstrapSetting: "127.0.0.1:1"}, want: `error at config["bootstrap.servers"]` + refused},
		"a name that nobody has":             {more: attrs{bootstrapSetting: "no-such-host.example.com:9092"}, want: `error at config["bootstrap.servers"]` + refused},
		"an address in the write-only map":   {more: attrs{bootstrapSetting: nil}, others: attrs{"sensitive_config_wo": attrs{bootstrapSetting: "127.0.0.1:1"}}, want: `error at sensitive_config_wo["bootstrap.servers"]` + refused},
		"another cluster":                    {others: attrs{"remote_cluster_id": "lkc-other"}, want: "error at remote_cluster_id" + refused + ": lkc-other"},
		"a setting nobody knows":             {more: attrs{"no.such.setting": "1"}, want: `error at config["no.such.setting"]` + refused},
		"a setting that is read-only":        {others: attrs{"sensitive_config": attrs{"request.timeout.ms": "1000"}}, want: `error at sensitive_config["request.timeout.ms"]` + refused + ": read-only"},
		"a list that lacks what it needs":    {more: attrs{"topic.config.sync.include": "cleanup.policy,retention.ms"}, want: `error at config["topic.config.sync.include"]` + refused + ": must include message.timestamp.type"},
		"a setting that needs another":       {more: attrs{"consumer.group.prefix.enable": "true"}, want: `error at config["consumer.group.prefix.enable"]` + refused},
		"a secret":                           {others: attrs{"sensitive_config_wo": attrs{"ssl.key.password": "key-password-1"}}, fault: answers(400, "Invalid value for ssl.key.password"), want: `error at sensitive_config_wo["ssl.key.password"]` + refused},
		"of two names, the longer one":       {more: attrs{"acl.sync.ms": "6000", "consumer.offset.sync.ms": "7000"}, fault: answers(400, "Invalid value 7000 for consumer.offset.sync.ms"), want: `error at config["consumer.offset.sync.ms"]` + refused},
		"the link's name":                    {fault: answers(400, "The link name is reserved."), want: "error at link_name" + refused},
		"the credential of the REST API":     {fault: answers(401, "Unauthorized"), want: "error at endpoint" + refused + `: The REST API refused the credential of endpoints["destination"]`},
		"the rights of the REST API's user":  {fault: answers(403, "Not authorized"), want: "error at endpoint" + refused + ": needs rights"},
		"the rights of the link's user":      {others: attrs{"sensitive_config_wo": attrs{jaasSetting: "x"}}, fault: answers(401, "Cluster authorization failed"), want: `error at sensitive_config_wo["sasl.jaas.config"]` + refused},
		"a request, without a word":          {fault: emulator.Fault{Method: "POST", Path: `/links$`, Status: 400, Body: " "}, want: `error at config["bootstrap.servers"]` + refused + ": 400 Bad Request"},
		"a request that nobody can tell why": {fault: answers(400, "No."), want: `error at config["bootstrap.servers"]` + refused + ": No."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t)
			if c.fault.Path != "" {
				p.destination.Inject(c.fault)
			}
			config := p.link(c.more, c.others)
			planned := p.plan(config)
			expectDiagnostics(t, planned.diagnostics, c.want+": "+destroyEscape)
			p.leftAlone()
			if len(p.destination.Requests()) != 1 {
				t.Errorf("asked %q", calls(p.destination, "."))
			}
		})
	}
}

// leftAlone fails the test where planning has changed anything.
func (p *pair) leftAlone() {
	p.t.Helper()
	for _, c := range []*emulator.Cluster{p.source, p.destination} {
		if made := changes(c); len(made) > 0 {
			p.t.Errorf("planning changed %s by %q", c.ID(), made)
		}
	}
}

func TestPlanOfAChangeFailsAtTheSettingThatIsWrong(t *testing.T) {
	t.Parallel()
	const refused = ": Link refused by the server"
	for name, c := range map[string]struct {
		more, others attrs
		want         string
	}{
		"in config":           {more: attrs{"request.timeout.ms": "1000"}, want: `error at config["request.timeout.ms"]` + refused + ": read-only"},
		"in sensitive_config": {others: attrs{"sensitive_config": attrs{"topic.config.sync.include": "cleanup.policy"}}, want: `error at sensitive_config["topic.config.sync.include"]` + refused},
		"in the write-only map": {
			others: attrs{"sensitive_config_wo": attrs{"no.such.setting": "1"}}, want: `error at sensitive_config_wo["no.such.setting"]` + refused,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t)
			p.create(p.link(nil, nil))
			planned := p.plan(p.link(c.more, c.others))
			expectDiagnostics(t, planned.diagnostics, c.want+": "+destroyEscape)
			p.leftAlone()
			expectDiagnostics(t, p.refresh())
			p.expectUnchanged(p.link(nil, nil))
		})
	}
}

// Refusals that say nothing of the plan: no error, and no word.
func TestPlanMakesNothingOfRefusalsThatSayNothingOfIt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
	}{
		"the link exists":                       {409, `{"error_code":40902,"message":"Cluster link 'demo-link' already exists."}`},
		"the link exists on an old server":      {400, `{"error_code":40002,"message":"Cluster link 'demo-link' already exists."}`},
		"the other half is not there":           {400, `{"error_code":40002,"message":"Cluster 'lkc-source' does not have a link named 'demo-link'."}`},
		"the link is not resolved yet":          {404, `{"error_code":404,"message":"Unable to resolve cluster link information."}`},
		"the verb is not offered":               {405, `{"error_code":405,"message":"HTTP 405 Method Not Allowed"}`},
		"not offered, without a word":           {405, ``},
		"validate_only is not known":            {400, `{"error_code":400,"message":"Unrecognized query parameter: validate_only"}`},
		"validate_only is not supported here":   {400, `{"error_code":40035,"message":"validate_only is not supported on this cluster."}`},
		"validate_only is not implemented here": {501, `{"error_code":501,"message":"Not implemented"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t)
			p.destination.Inject(emulator.Fault{Method: "POST", Path: `/links$`, Status: c.status, Body: c.body})
			p.destination.Inject(emulator.Fault{Method: "PUT", Path: `configs:alter$`, Status: c.status, Body: c.body})
			expectDiagnostics(t, p.plan(p.link(nil, nil)).diagnostics)
			p.leftAlone()
			p.destination.ClearFaults()
			p.create(p.link(nil, nil))

			p.destination.Inject(emulator.Fault{Method: "PUT", Path: `configs:alter$`, Status: c.status, Body: c.body})
			expectDiagnostics(t, p.plan(p.link(attrs{"acl.sync.ms": "6000"}, nil)).diagnostics)
			if asked := calls(p.destination, `configs:alter\?validate_only=true$`); len(asked) != 1 {
				t.Errorf("asked %q", asked)
			}
			p.leftAlone()
		})
	}
}

// A server in trouble, or none at all: a warning, after a few seconds at most.
func TestPlanIsMadeThoughItCannotBeValidated(t *testing.T) {
	t.Parallel()
	const warning = "warning: Link not validated: apply may fail"
	const writes = `/links$|configs:alter$`
	for name, fault := range map[string]emulator.Fault{
		"it hangs":          {Path: writes, Hang: time.Minute},
		"it is cut off":     {Path: writes, Drop: emulator.DropBefore},
		"it is in trouble":  {Path: writes, Status: 503},
		"it is broken":      {Path: writes, Status: 500, Body: `{"error_code":50003,"message":"oh"}`},
		"it is too busy":    {Path: writes, Status: 429},
		"a gateway's words": {Path: writes, Status: 504},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t)
			p.create(p.link(nil, nil))
			created := p.state
			p.destination.Inject(fault)
			provider := p.endpoints()
			if fault.Hang == 0 {
				provider["max_retries"] = 1 // or planning would try until its patience ends
			}
			p.restart(provider)
			quickly := func(config attrs) {
				t.Helper()
				started := time.Now()
				expectDiagnostics(t, p.plan(config).diagnostics, warning)
				if took := time.Since(started); took > planPatience+3*time.Second {
					t.Errorf("the plan took %s", took)
				}
			}
			quickly(p.link(attrs{"acl.sync.ms": "6000"}, nil))
			p.state = value(created.Type(), nil)
			quickly(p.link(attrs{"acl.sync.ms": "7000"}, nil).with(attrs{"link_name": "other-link"}))
			p.leftAlone()
		})
	}
}

func TestPlanIsMadeThoughNobodyListens(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	deaf := attrs{"rest_endpoint": "http://" + deafAddress(t)}
	p.restart(attrs{"endpoints": attrs{"destination": deaf, "source": deaf.with(attrs{"cluster_id": "lkc-source"})}, "max_retries": 1})
	expectDiagnostics(t, p.plan(p.link(nil, nil)).diagnostics, "warning: Link not validated: apply may fail")
	// Whether the other half exists is not to be seen: that is no news to a person.
	expectDiagnostics(t, p.plan(p.link(nil, attrs{"link_mode": "BIDIRECTIONAL", "remote_cluster_id": "lkc-source"})).diagnostics)
}

// One verdict serves the plan and the plan that Terraform makes anew when it applies.
func TestPlanIsValidatedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := newCLI(t, w.config(demoLink("")))
	says(t, c.succeeds("plan", "-out=first.plan"), "1 to add")
	says(t, c.succeeds("apply", "first.plan"), "1 added")
	c.write(strings.Replace(w.config(demoLink("")), `"security.protocol"`, `"acl.sync.ms" = "6000"
    "security.protocol"`, 1))
	says(t, c.succeeds("apply", "-auto-approve"), "1 changed")
	want := []string{
		"POST /links?link_name=demo-link&validate_link=true&validate_only=true", "POST /links?link_name=demo-link&validate_link=true",
		"PUT /links/demo-link/configs:alter?validate_only=true", alter,
	}
	if got := calls(w.destination, `^(POST|PUT)`); !slices.Equal(got, want) {
		t.Errorf("asked %q, want %q", got, want)
	}
}

func TestPlanToDestroyFiftyMirrorTopicsAsksTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 50 {
		if err := w.source.CreateTopic(fmt.Sprintf("topic-%d", i), 1); err != nil {
			t.Fatal(err)
		}
	}
	fifty := strings.Replace(manyMirrors("clusterlink_link.demo.link_name"), "20", "50", 1)
	c := newCLI(t, w.config(demoLink("")+fifty))
	says(t, c.succeeds("apply", "-auto-approve"), "51 added")
	w.destination.RefuseVerdict("demo-link", "topic-7", "promote", 40002, "Topic cannot be promoted today")
	for _, plan := range []struct {
		config string
		args   []string
		says   string
	}{
		{demoLink(""), []string{"plan", "-refresh=false"}, "50 to destroy."},
		{demoLink("") + fifty, []string{"plan", "-destroy", "-refresh=false"}, "51 to destroy."},
	} {
		c.write(w.config(plan.config))
		w.destination.ResetRequests()
		says(t, c.succeeds(plan.args...), plan.says, "Promoting will be refused", "Topic cannot be promoted today")
		want := []string{"GET /links/demo-link/mirrors", "POST /links/demo-link/mirrors:promote?validate_only=true"}
		if got := calls(w.destination, "."); !slices.Equal(got, want) {
			t.Errorf("asked %q, want %q", got, want)
		}
	}
}

// linkSI3WithoutMirror is the guide's pair of links.
var linkSI3WithoutMirror, _, _ = strings.Cut(linkSI3, `resource "clusterlink_mirror_topic"`)

// However many links are to be created there, an endpoint that does not answer is
// waited for once.
func TestPlanOfManyLinksWaitsOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.destination.Inject(emulator.Fault{Hang: time.Minute})
	many := strings.NewReplacer(`"demo" {`, "\"demo\" {\n  count = 40", `"demo-link"`, `"demo-link-${count.index}"`).Replace(demoLink(""))
	c := newCLI(t, w.config(many))
	c.plansAfterOneWait("40 to add", "Link not validated")
}
