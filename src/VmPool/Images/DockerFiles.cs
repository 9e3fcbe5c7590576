namespace VmPool.Images;

/// <summary>What Docker needs beside its packages.</summary>
internal static class DockerFiles
{
    public static readonly IReadOnlyList<GuestFile> All =
    [
        // Containers must not send longer packets than the way out takes; the operator's own daemon.json has precedence, and
        // dockerd does not start when a value is given twice.
        new("/etc/systemd/system/docker.service.d/vmpool.conf", """
            [Service]
            ExecStart=
            ExecStart=/bin/sh -c 'grep -qs mtu /etc/docker/daemon.json || mtu=--mtu=$$(cat /sys/class/net/eth0/mtu); exec dockerd -H fd:// --containerd=/run/containerd/containerd.sock $$mtu $DOCKER_OPTS'
            SyslogIdentifier=dockerd
            ExecStartPost=/bin/sh -c 'ip link set docker0 mtu $$(cat /sys/class/net/eth0/mtu)'

            """),
    ];
}
