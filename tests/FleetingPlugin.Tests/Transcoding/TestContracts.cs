using FleetingPlugin.Binding;
using FleetingPlugin.HostContract;
using Google.Protobuf.Reflection;

namespace FleetingPlugin.Tests.Transcoding;

/// <summary>Contracts from .proto text.</summary>
internal static class TestContracts
{
    public static FileDescriptorProto Descriptor(string proto, string name = "test.proto") =>
        ProtoTypeNames.Resolve([ProtoParser.Parse(name, proto)], WellKnownTypes.Files)[0];

    public static WireContract Parse(string proto) => Assert.Single(ContractResolver.Resolve([Descriptor(proto)]));

    public static ContractBinding Bind(string proto) => ContractBinding.Create(Parse(proto), "/usr/bin/test-runner");

    public static MethodBinding Method(this ContractBinding binding, string name) => binding.Methods.Single(method => method.Canonical.Name == name);
}
