package config

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
)

// Node is the NATS server that `weir bus` runs. Other commands do not look at it.
type Node struct {
	Name     string // no two nodes of a cluster have the same. Default: ""
	Listen   string // HOST:PORT for clients. Default: ":4222"
	Accounts string // file with accounts and users, as nats-server reads it. Default: "", everybody may do everything
	Store    int64  // bytes that all streams may take on the disk. Default: 1 TiB
	Memory   int64  // bytes that the process tries to stay under; 0: none are tried. Default: 0
	Cluster  NodeCluster
}

// NodeCluster is where the other nodes are.
type NodeCluster struct {
	Name   string   // Default: "weir"
	Listen string   // HOST:PORT for other nodes; "" for a node alone. Default: ""
	Routes []string // HOST:PORT of nodes. Default: none
	Secret string   // that all nodes know. Default: ""
}

// String is the cluster without its secret.
func (c NodeCluster) String() string {
	return fmt.Sprintf("{name:%q listen:%q routes:%q}", c.Name, c.Listen, c.Routes)
}

// GoString is String, so that %#v keeps the secret to itself too.
func (c NodeCluster) GoString() string { return "config.NodeCluster" + c.String() }

// LogValue is String: a log has no secrets.
func (c NodeCluster) LogValue() slog.Value { return slog.StringValue(c.String()) }

// DefaultNode is the node where the file says nothing.
func DefaultNode() Node {
	return Node{Listen: ":4222", Store: 1 << 40, Cluster: NodeCluster{Name: "weir"}}
}

// node reads the section of that name.
func node(to *Node) reader {
	return section(
		key{"name", value(&to.Name, nodeName)},
		key{"listen", value(&to.Listen, listen)},
		key{"accounts", value(&to.Accounts, text)},
		key{"store", value(&to.Store, memory)},
		key{"memory", value(&to.Memory, memoryOrNone)},
		key{"cluster", section(
			key{"name", value(&to.Cluster.Name, nodeName)},
			key{"listen", value(&to.Cluster.Listen, listenOrOff)},
			key{"routes", list(&to.Cluster.Routes, routes)},
			key{"secret", value(&to.Cluster.Secret, text)},
		)},
	)
}

// nodeName is a name that can stand in NATS's subjects.
func nodeName(s string) (string, error) {
	if len(s) > 64 || !hostname(s) || strings.HasPrefix(s, ".") {
		return "", fmt.Errorf("%.80q is no name: letters, digits, _, - and ., at most 64", s)
	}
	return s, nil
}

// maxRoutes is how many nodes may be listed.
const maxRoutes = 32

// routes checks addresses of nodes.
func routes(all []string) ([]string, error) {
	if len(all) > maxRoutes {
		return nil, fmt.Errorf("%d are too many, at most %d", len(all), maxRoutes)
	}
	for i, one := range all {
		if _, err := listen(one); err != nil || strings.HasPrefix(one, ":") || strings.HasSuffix(one, ":0") {
			return nil, fmt.Errorf("%.100q is no address of a node, write it as HOST:PORT", one)
		}
		if slices.Contains(all[:i], one) {
			return nil, fmt.Errorf("%q is there twice", one)
		}
	}
	if len(all) == 0 {
		return nil, nil
	}
	return all, nil
}

// checkNode refuses settings that do not go together.
func (d *document) checkNode(n Node) error {
	c := n.Cluster
	switch {
	case c.Listen != "" && (n.Name == "" || c.Name == ""):
		return d.fail("node.cluster", "needs node.name, by which nodes tell each other apart, and a name of its own")
	case c.Listen == "" && (len(c.Routes) > 0 || c.Secret != ""):
		return d.fail("node.cluster", "listen is missing: write an address like :6222")
	case clash(n.Listen, c.Listen):
		return d.fail("node.cluster.listen", "%s is taken by node.listen: %s", c.Listen, n.Listen)
	}
	return nil
}

// Check is what `weir bus` asks for: that the other addresses of the process are free.
func (n Node) Check(admin string) error {
	if clash(n.Listen, admin) || clash(n.Cluster.Listen, admin) {
		return errors.New("admin.listen: " + admin + " is taken by the node")
	}
	return nil
}
