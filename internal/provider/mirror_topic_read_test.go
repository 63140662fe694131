package provider

import (
	"strings"
	"testing"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

func TestMirrorTopicIsNotTakenForGoneWhereItCannotBeRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.topic("orders", "1")
	c := newCLI(t, strings.Replace(w.config(demoLink("")+demoMirror(`config = { "retention.ms" = "86400000" }`)), "endpoints = {", "max_retries = 0\n endpoints = {", 1))
	c.applies(2)
	w.destination.ResetRequests()
	for name, fault := range map[string]emulator.Fault{
		"401":                        {Path: "/mirrors", Status: 401, Body: `{"error_code": 40101, "message": "Authentication failed"}`},
		"403":                        {Path: "/mirrors", Status: 403},
		"500":                        {Path: "/mirrors", Status: 500},
		"503 of a gateway":           {Path: "/mirrors", Status: 503},
		"404 of a gateway":           {Path: "/mirrors", Status: 404, Body: "<html><title>Not here</title></html>"},
		"a cut connection":           {Path: "/mirrors", Drop: emulator.DropBefore},
		"settings that are not told": {Path: "/topics/orders/configs$", Status: 404},
	} {
		fault.Method = "GET"
		w.destination.Inject(fault)
		for _, command := range [][]string{{"plan"}, {"destroy", "-auto-approve"}} {
			if said := c.fails(command...); !strings.Contains(said, "Unable to read mirror topic") {
				t.Errorf("%s, %s: %s", name, command, said)
			}
		}
		w.destination.ClearFaults()
		says(t, c.succeeds("plan"), "No changes.")
	}
	w.nothingWasChanged(w.destination)
}

func TestMirrorTopicKeepsASettingThatTheServerDoesNotTell(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.topic("orders", "1")
	c := newCLI(t, w.config(demoLink("")+demoMirror(`config = { "retention.ms" = "86400000" }`)))
	c.applies(2)
	for _, rows := range []string{`{"name": "retention.ms", "value": null}`, ``} {
		w.destination.Inject(emulator.Fault{Method: "GET", Path: "/topics/orders/configs$", Status: 200, Body: `{"metadata": {"next": null}, "data": [` + rows + `]}`})
		says(t, c.succeeds("plan"), "No changes.")
		w.destination.ClearFaults()
	}
}

func TestMirrorTopicIsPlannedBeforeItsEndpointIsKnown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.topic("orders", "1")
	const host = `
resource "terraform_data" "address" {
  input = "ADDRESS"
}
`
	config := strings.Replace(w.config(demoLink("")+demoMirror("")), `"`+w.destination.RESTEndpoint()+`"`, "terraform_data.address.output", 1) +
		strings.Replace(host, "ADDRESS", w.destination.RESTEndpoint(), 1)
	c := newCLI(t, config)
	says(t, c.succeeds("plan"), "Plan: 3 to add", "mirror_topic_name = (known after apply)")
	if asked := calls(w.destination, ""); len(asked) > 0 {
		t.Errorf("asked %q", asked)
	}
	c.applies(3)
	// To refresh what exists the address has to be known.
	c.write(strings.Replace(config, `input = "`, `triggers_replace = "again"`+"\n"+`input = "`, 1))
	says(t, c.fails("plan"), `endpoints["destination"].rest_endpoint: not known yet`)
}

func TestImportOfWhatNoLongerMirrorsPlansNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.topic("orders", "1")
	w.link("orders")
	const block = `
import {
  to = clusterlink_mirror_topic.orders
  id = "destination/demo-link/orders"
}
`
	for _, now := range []struct {
		verb          kafkarest.Verb
		status, state string
	}{{kafkarest.Pause, "PAUSED", "PAUSED"}, {kafkarest.Promote, "STOPPED", "PROMOTED"}} {
		w.outside(now.verb, now.status)
		w.destination.ResetRequests()
		for _, written := range []string{`state = "` + now.state + `"`, ""} {
			c := newCLI(t, w.config(onDemoLink(written))+block)
			says(t, c.succeeds("apply", "-auto-approve"), "1 imported, 0 added, 0 changed, 0 destroyed.")
			says(t, c.succeeds("show"), `state = "`+now.state+`"`)
			says(t, c.succeeds("plan"), "No changes.")
		}
		w.nothingWasChanged(w.destination)
	}
}
