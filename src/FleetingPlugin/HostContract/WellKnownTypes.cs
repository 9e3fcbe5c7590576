using Google.Protobuf.Reflection;

namespace FleetingPlugin.HostContract;

/// <summary>
/// protobuf's own types. They are built in, because the linker of some Go versions turns small descriptors into
/// instructions, so an executable may lack exactly these files.
/// </summary>
internal static class WellKnownTypes
{
    public const string Duration = "google.protobuf.Duration";
    public const string Timestamp = "google.protobuf.Timestamp";
    public const string Struct = "google.protobuf.Struct";
    public const string Value = "google.protobuf.Value";
    public const string Any = "google.protobuf.Any";

    private static readonly Lazy<IReadOnlyList<FileDescriptorProto>> Parsed = new(() =>
        ProtoTypeNames.Resolve([ProtoParser.Parse("google/protobuf/builtin.proto", Protobuf), ProtoParser.Parse("google/rpc/status.proto", Rpc)], []));

    public static IReadOnlyList<FileDescriptorProto> Files => Parsed.Value;

    public static bool IsImport(string fileName) =>
        fileName.StartsWith("google/protobuf/", StringComparison.Ordinal) || fileName == "google/rpc/status.proto";

    private const string Protobuf = """
        syntax = "proto3";
        package google.protobuf;
        message Timestamp { int64 seconds = 1; int32 nanos = 2; }
        message Duration { int64 seconds = 1; int32 nanos = 2; }
        message Empty {}
        message Any { string type_url = 1; bytes value = 2; }
        message FieldMask { repeated string paths = 1; }
        message Struct { map<string, Value> fields = 1; }
        message Value {
          oneof kind {
            NullValue null_value = 1; double number_value = 2; string string_value = 3; bool bool_value = 4;
            Struct struct_value = 5; ListValue list_value = 6;
          }
        }
        enum NullValue { NULL_VALUE = 0; }
        message ListValue { repeated Value values = 1; }
        message DoubleValue { double value = 1; }
        message FloatValue { float value = 1; }
        message Int64Value { int64 value = 1; }
        message UInt64Value { uint64 value = 1; }
        message Int32Value { int32 value = 1; }
        message UInt32Value { uint32 value = 1; }
        message BoolValue { bool value = 1; }
        message StringValue { string value = 1; }
        message BytesValue { bytes value = 1; }
        """;

    private const string Rpc = """
        syntax = "proto3";
        package google.rpc;
        message Status { int32 code = 1; string message = 2; repeated google.protobuf.Any details = 3; }
        """;
}
