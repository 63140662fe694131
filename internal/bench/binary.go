package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/protobuf/types/known/emptypb"
)

// binary is what every Terraform command pays for the provider's program.
type binary struct {
	size  int64         // bytes
	start time.Duration // until its schema has been served
}

// starts is how often the program is started; the median counts.
const starts = 7

func examineBinary(ctx context.Context, program string) (found binary, err error) {
	file, err := os.Stat(program)
	if err != nil {
		return found, err
	}
	found.size = file.Size()
	times := make([]time.Duration, starts)
	for i := range times {
		if times[i], err = timeToSchema(ctx, program); err != nil {
			return found, err
		}
	}
	slices.Sort(times)
	found.start = times[starts/2]
	return found, nil
}

// timeToSchema starts a provider as Terraform does, asks for its schema, and
// ends it.
func timeToSchema(ctx context.Context, program string) (time.Duration, error) {
	started := time.Now()
	client := plugin.NewClient(&plugin.ClientConfig{
		Cmd: exec.CommandContext(ctx, program),
		HandshakeConfig: plugin.HandshakeConfig{
			MagicCookieKey:   "TF_PLUGIN_MAGIC_COOKIE",
			MagicCookieValue: "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
		},
		VersionedPlugins: map[int]plugin.PluginSet{6: {}},
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		AutoMTLS:         true,
		Logger:           hclog.NewNullLogger(),
	})
	defer client.Kill()
	protocol, err := client.Client()
	if err != nil {
		return 0, err
	}
	connection, ok := protocol.(*plugin.GRPCClient)
	if !ok {
		return 0, errors.New("the provider does not speak gRPC")
	}
	// The request has no field, and of the reply it is enough that it comes.
	err = connection.Conn.Invoke(ctx, "/tfplugin6.Provider/GetProviderSchema", &emptypb.Empty{}, &emptypb.Empty{})
	return time.Since(started), err
}
