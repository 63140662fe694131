package launch

import (
	"context"
	"errors"
	"io"
	"os/exec"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/protobuf/types/known/emptypb"
)

// TimeToSchema starts a provider with an environment, asks it for its schema,
// and ends it. It returns how long it took until the schema was served; what the
// program logs is written to stderr, which may be nil.
func TimeToSchema(ctx context.Context, program string, environment []string, stderr io.Writer) (time.Duration, error) {
	cmd := exec.CommandContext(ctx, program)
	cmd.Env = environment
	started := time.Now()
	client := plugin.NewClient(&plugin.ClientConfig{
		Cmd:         cmd,
		SkipHostEnv: true,
		HandshakeConfig: plugin.HandshakeConfig{
			MagicCookieKey:   "TF_PLUGIN_MAGIC_COOKIE",
			MagicCookieValue: "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
		},
		VersionedPlugins: map[int]plugin.PluginSet{6: {}},
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		AutoMTLS:         true,
		Logger:           hclog.NewNullLogger(),
		Stderr:           stderr,
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
