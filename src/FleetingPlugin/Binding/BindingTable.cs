using FleetingPlugin.Contract;
using Google.Protobuf;
using static FleetingPlugin.Binding.Need;
using static FleetingPlugin.Binding.ValueKind;

namespace FleetingPlugin.Binding;

/// <summary>
/// THE table of rules: every field of proto/fleeting.proto, what it means, what its absence means, and the other names it is
/// known by. A runner that is not understood needs a name here and nothing anywhere else. Case and underscores do not count.
/// </summary>
internal static class BindingTable
{
    public static readonly ConnectorField[] Connector =
    [
        new("os", Word, c => c.Os, (c, v) => c.Os = (string)v, "operating_system platform guest_os"),
        new("arch", Word, c => c.Arch, (c, v) => c.Arch = (string)v, "architecture"),
        new("protocol", Word, c => c.Protocol, (c, v) => c.Protocol = (string)v, "proto connector_protocol connection_protocol"),
        new("protocol_port", Count, c => (long)c.ProtocolPort, (c, v) => c.ProtocolPort = checked((int)(long)v), "port ssh_port"),
        new("username", Text, c => c.Username, (c, v) => c.Username = (string)v, "user login user_login"),
        new("password", Text, c => c.Password, (c, v) => c.Password = (string)v, "pass passwd"),
        new("key", Secret, c => c.Key, (c, v) => c.Key = (ByteString)v, "private_key ssh_key ssh_private_key key_pem pem identity"),
        new("use_static_credentials", Flag, c => c.UseStaticCredentials, (c, v) => c.UseStaticCredentials = (bool)v, "static_credentials static"),
        new("keepalive", ValueKind.Duration, c => c.Keepalive, (c, v) => c.Keepalive = (Google.Protobuf.WellKnownTypes.Duration)v, "keep_alive keepalive_interval"),
        new("timeout", ValueKind.Duration, c => c.Timeout, (c, v) => c.Timeout = (Google.Protobuf.WellKnownTypes.Duration)v, "connect_timeout dial_timeout connection_timeout"),
    ];

    private static readonly CanonicalField Error = Field("error", ValueKind.Error, Wanted, "err error_message error_text message reason failure detail") with { Get = ErrorOf };
    private static readonly CanonicalField ErrorCode = Field("error_code", ValueKind.ErrorCode, Free, "code status_code") with { Get = m => ErrorOf(m).Length > 0 ? 2L : 0L };
    private static readonly CanonicalField Healthy = Field("healthy", Flag, Free, "ok alive success is_healthy succeeded") with { Get = _ => true };
    private static readonly CanonicalField Id = Field("id", Text, Required, "instance_id instance name uid");
    private static readonly CanonicalField Ids = Field("ids", Text, Required, "id instance_ids instances instance names uids mapkey") with { List = "ids" };
    private static readonly CanonicalField SucceededIds = Ids with { Name = "succeeded", Need = Wanted, List = "succeeded", Names = Names("succeeded", "success accepted done deleted ids id instance_ids instances names removed mapkey"), Get = id => id };

    public static readonly CanonicalMethod[] Methods =
    [
        new("Init", Names("Init", "Initialize Initialise"), [
                Field("config", Json, Required, "plugin_config configuration config_json json_config json raw raw_config plugin_settings options payload data") with { Set = (m, v) => ((InitRequest)m).Config = (ByteString)v },
                Field("settings", Json, Free, "connector_config connector connector_settings settings_json connector_json connector_config_json") with { Set = (m, v) => ConnectorJson.Apply((ByteString)v, SettingsOf(m)) },
                .. Connector.Select(c => Field(c.Name, c.Kind, Wanted, c.Synonyms) with { Set = (m, v) => c.Set(SettingsOf(m), v) })],
            [
                Field("id", Text, Wanted, "group provider_id name") with { Get = m => ((InitResponse)m).Id },
                Field("max_size", Count, Wanted, "max_instances maximum_size max limit size") with { Get = m => ((InitResponse)m).MaxSize },
                Field("version", Text, Wanted, "plugin_version") with { Get = m => ((InitResponse)m).Version },
                Field("build_info", Text, Wanted, "build build_information") with { Get = m => ((InitResponse)m).BuildInfo },
                Field("capabilities", Text, Wanted, "capability features") with { List = "capabilities", Items = m => ((InitResponse)m).Capabilities, Get = word => word }]),
        new("Update", Names("Update", ""), [
                Field("callback", Broker, Free, "broker broker_id callback_id server server_id listener service service_id stream id") with { ByStructure = true }],
            [
                Field("id", Text, Required, "instance_id instance name uid mapkey ids instance_ids instances names") with { List = "instances", Items = m => ((UpdateResponse)m).Instances, Get = i => ((Contract.Instance)i).Id },
                Field("state", ValueKind.State, Required, "status instance_state phase mapvalue states statuses") with { List = "instances", Items = m => ((UpdateResponse)m).Instances, Get = i => ((Contract.Instance)i).State }]),
        new("Increase", Names("Increase", ""), [
                Field("count", Count, Required, "n delta amount number size by instances") with { Set = (m, v) => ((IncreaseRequest)m).Count = checked((int)(long)v) }],
            [
                Field("succeeded", Count, Required, "success accepted count n created requested increased") with { Get = m => (long)((IncreaseResponse)m).Succeeded }, Error, ErrorCode]),
        new("Decrease", Names("Decrease", ""), [Ids with { Set = (m, v) => ((DecreaseRequest)m).Ids.Add((string)v) }],
            [SucceededIds with { Items = m => ((DecreaseResponse)m).Succeeded }, Error, ErrorCode]),
        new("ConnectInfo", Names("ConnectInfo", ""), [Id with { Set = (m, v) => ((ConnectInfoRequest)m).Id = (string)v }],
            [
                Id with { Need = Wanted, Get = m => ((ConnectInfoResponse)m).Id },
                Field("internal_addr", Text, Required, "internal_address internal private_addr private_address internal_ip private_ip addr address host ip endpoint") with { Group = "address", Get = m => ((ConnectInfoResponse)m).InternalAddr },
                Field("external_addr", Text, Required, "external_address external public_addr public_address external_ip public_ip") with { Group = "address", Get = m => ((ConnectInfoResponse)m).ExternalAddr, GetAlone = ExternalOrInternal },
                .. Connector.OrderBy(c => c.Name != "key").Select(c => Field(c.Name, c.Kind, c.Name is "key" or "password" ? Required : Wanted, c.Synonyms) with { Get = m => ConfigOf(m) is { } config ? c.Get(config) : null, Group = c.Name is "key" or "password" ? "credential" : null }),
                Field("expires", Time, Wanted, "expires_at expiry expiration expire expire_time valid_until not_after") with { Get = m => ((ConnectInfoResponse)m).Expires }]),
        new("Heartbeat", Names("Heartbeat", "HealthCheck CheckHealth Health Check"), [Id with { Need = Wanted, ByStructure = true, Set = (m, v) => ((HeartbeatRequest)m).Id = (string)v }], [Healthy]),
        new("Suspend", Names("Suspend", ""), [Ids with { Need = Wanted, Set = (m, v) => ((SuspendRequest)m).Ids.Add((string)v) }],
            [SucceededIds with { Items = m => ((SuspendResponse)m).Succeeded }, Error, ErrorCode]),
        new("Resume", Names("Resume", ""), [Ids with { Need = Wanted, Set = (m, v) => ((ResumeRequest)m).Ids.Add((string)v) }],
            [SucceededIds with { Items = m => ((ResumeResponse)m).Succeeded }, Error, ErrorCode]),
        new("Shutdown", Names("Shutdown", "Close Stop"), [], [Healthy]),
    ];

    /// <summary>A call before Init that brings what Init's request lacks.</summary>
    public static readonly IReadOnlyList<string> ConfigureNames = Names("Configure", "SetConfig SetConfiguration Setup Config");

    /// <summary>Our words for states, what others call them, and the word to use where an enum has none of these.</summary>
    public static readonly (string State, IReadOnlyList<string> Names, string? Instead)[] States =
    [
        ("creating", Names("creating", "pending provisioning starting"), null), ("running", Names("running", "ready active up"), null),
        ("deleting", Names("deleting", "terminating stopping removing"), null), ("deleted", Names("deleted", "terminated removed gone"), null),
        ("timeout", Names("timeout", "timed_out"), "deleted"), ("suspending", Names("suspending", "pausing"), "running"),
        ("suspended", Names("suspended", "paused"), "running"), ("resuming", Names("resuming", ""), "running"),
    ];

    private static CanonicalField Field(string name, ValueKind kind, Need need, string synonyms) => new(name, kind, need, Names(name, synonyms));

    private static string[] Names(string name, string synonyms) => [FieldNames.Normal(name), .. synonyms.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(FieldNames.Normal)];

    private static ConnectorConfig SettingsOf(object request) => ((InitRequest)request).Settings ??= new ConnectorConfig();

    private static ConnectorConfig? ConfigOf(object response) => ((ConnectInfoResponse)response).Config;

    private static string ExternalOrInternal(object response) => response is ConnectInfoResponse { ExternalAddr.Length: 0 } m ? m.InternalAddr : ((ConnectInfoResponse)response).ExternalAddr;

    private static string ErrorOf(object response) => response switch
    {
        IncreaseResponse m => m.Error,
        DecreaseResponse m => m.Error,
        SuspendResponse m => m.Error,
        ResumeResponse m => m.Error,
        _ => "",
    };
}
