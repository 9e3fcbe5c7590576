using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Qemu;
using VmPool;

namespace CloudHypervisorStandIn;

/// <summary>Finds what a request asks for, has it done on the main thread, and puts the outcome into the real one's shapes.</summary>
internal sealed class Api(MainLoop loop, Vmm vmm, StandInLog log, StandInVersion version)
{
    private const string Root = "/api/v1/";
    private static readonly string[] Features = ["io_uring", "kvm"];

    private static readonly HttpResponse BadRequest = HttpResponse.Error(400, ["Bad Request"]);
    private static readonly HttpResponse EmptyBadRequest = new(400);
    private static readonly HttpResponse NotFound = HttpResponse.Error(404, ["Not Found"]);
    private static readonly HttpResponse EmptySuccess = new(200);

    internal async Task<HttpResponse> HandleAsync(HttpRequest request)
    {
        log.Info($"API request: {request.Method} {request.Path}");
        HttpResponse response = request.Path.StartsWith(Root, StringComparison.Ordinal)
            ? await loop.RunAsync(() => Route(request.Path[Root.Length..], request))
            : NotFound;
        if (response.Status >= 400)
        {
            log.Info($"API error response: {response.Status} {response.Body}");
        }
        return response;
    }

    private HttpResponse Route(string call, HttpRequest request) => call switch
    {
        "vmm.ping" => request.Method == "GET" ? Json(Ping(), StandInJson.Plain.PingAnswer) : BadRequest,
        "vmm.shutdown" => request.Method == "PUT" ? End() : BadRequest,
        "vm.info" => request.Method == "GET"
            ? Try("The VM info is not available", () => Json(vmm.Describe(), StandInJson.Plain.InfoAnswer))
            : BadRequest,
        "vm.counters" => request.Method == "GET"
            ? Try("The VM counters are not available", () => Json(vmm.Count(), StandInJson.Plain.DictionaryStringDictionaryStringUInt64))
            : Refuse(request),
        "vm.create" => Create(request),
        "vm.boot" => Act(request, "The VM could not boot", vmm.Boot),
        "vm.pause" => Act(request, "The VM could not be paused", vmm.Pause),
        "vm.resume" => Act(request, "The VM could not resume", vmm.Resume),
        "vm.shutdown" => Act(request, "The VM could not shutdown", vmm.Shutdown),
        "vm.delete" => Act(request, "The VM could not be deleted", vmm.Delete),
        "vm.power-button" => Act(request, "The power button could not be pressed", vmm.PressPowerButton),
        "vm.snapshot" => Act(request, "The VM could not be snapshotted", StandInJson.Plain.SnapshotConfig, vmm.Snapshot),
        "vm.restore" => Restore(request),
        _ => NotFound,
    };

    private PingAnswer Ping() => new()
    {
        BuildVersion = version.Build,
        Version = version.Crate,
        Pid = Environment.ProcessId,
        Features = Features,
    };

    private HttpResponse End()
    {
        vmm.End();
        return EmptySuccess;
    }

    private HttpResponse Create(HttpRequest request)
    {
        if (request is not { Method: "PUT", Body: { } body })
        {
            return request.Method == "PUT" ? EmptyBadRequest : BadRequest;
        }
        return Try("The VM could not be created", () =>
        {
            VmConfig config = Parse(body, StandInJson.Plain.VmConfig);
            ConfigSyntax.Check(config);
            vmm.Create(config);
            return HttpResponse.NoContent;
        });
    }

    private HttpResponse Restore(HttpRequest request) => Act(request, "The VM could not be restored", StandInJson.Plain.RestoreConfig, config =>
    {
        ConfigSyntax.Check(config);
        vmm.Restore(config);
    }, config => config.NetFds is null or []);

    private static HttpResponse Act(HttpRequest request, string failure, Action action)
    {
        if (request.Method != "PUT" || request.Body is not null)
        {
            return Refuse(request);
        }
        return Try(failure, () =>
        {
            action();
            return HttpResponse.NoContent;
        });
    }

    private static HttpResponse Act<T>(
        HttpRequest request, string failure, JsonTypeInfo<T> type, Action<T> action, Func<T, bool>? isAcceptable = null)
    {
        if (request is not { Method: "PUT", Body: { } body })
        {
            return Refuse(request);
        }
        return Try(failure, () =>
        {
            T argument = Parse(body, type);
            if (isAcceptable?.Invoke(argument) == false)
            {
                return BadRequest;
            }
            action(argument);
            return HttpResponse.NoContent;
        });
    }

    // The real one answers a method that no call has without a word.
    private static HttpResponse Refuse(HttpRequest request) => request.Method == "PATCH" ? EmptyBadRequest : BadRequest;

    private static HttpResponse Json<T>(T value, JsonTypeInfo<T> type) => new(200, JsonSerializer.Serialize(value, type));

    private static T Parse<T>(byte[] body, JsonTypeInfo<T> type) =>
        JsonSerializer.Deserialize(body, type) ?? throw new FormatException("invalid type: null");

    private static HttpResponse Try(string failure, Func<HttpResponse> action)
    {
        try
        {
            return action();
        }
        catch (VmException e)
        {
            return HttpResponse.Error(e.Status, ["Error from API", failure, .. e.Causes]);
        }
        catch (Exception e) when (e is JsonException or FormatException)
        {
            return HttpResponse.Error(400, ["Failed to deserialize JSON", e.Message]);
        }
        catch (Exception e) when (e is QmpException or HypervisorException or TimeoutException or IOException)
        {
            return HttpResponse.Error(500, ["Error from API", failure, e.Message]);
        }
    }
}
