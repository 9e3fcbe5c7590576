using FleetingPlugin.HostContract;

namespace FleetingPlugin.Binding;

/// <summary>Binds one method, its two messages and the way it delivers a list.</summary>
internal static class MethodBinder
{
    public static MethodBinding Bind(WireContract contract, CanonicalMethod canonical, WireMethod wire)
    {
        var binding = new MethodBinding(
            canonical, wire, MessageBinder.Bind(wire.Input, canonical.Request), MessageBinder.Bind(wire.Output, canonical.Response));
        if (canonical.Name == "Update" && binding.Response.Fields.Count == 0)
        {
            binding = BindDelivery(contract, binding);
        }
        return binding with { IsIdentical = IsIdentical(canonical, binding) };
    }

    // No list in the response: each instance comes alone.
    private static MethodBinding BindDelivery(WireContract contract, MethodBinding update)
    {
        if (update.Wire.ServerStreaming)
        {
            return update with { Shape = UpdateShape.Stream, Response = MessageBinder.Bind(update.Wire.Output, update.Canonical.Response, oneItem: true) };
        }
        if (!update.Request.Has("callback"))
        {
            return update;
        }
        foreach (WireService service in contract.Others)
        {
            if (service.Methods is [{ ClientStreaming: false, ServerStreaming: false } told]
                && MessageBinder.Bind(told.Input, update.Canonical.Response, oneItem: true) is var item
                && item.Fields.Count == update.Canonical.Response.Count)
            {
                return update with { Shape = UpdateShape.Callback, Response = item, CallbackPath = $"/{service.FullName}/{told.Name}" };
            }
        }
        return update;
    }

    private static bool IsIdentical(CanonicalMethod canonical, MethodBinding binding)
    {
        WireMethod? ours = ContractSearch.Builtin.Highest.Service.Methods.FirstOrDefault(method => method.Name == canonical.Name);
        return ours is not null && !binding.Wire.ClientStreaming && !binding.Wire.ServerStreaming
            && AreSame(ours.Input, binding.Wire.Input, 0) && AreSame(ours.Output, binding.Wire.Output, 0);
    }

    // Names count too: equal numbers and types alone would take count for size.
    private static bool AreSame(WireMessage one, WireMessage other, int depth) =>
        depth < 8 && one.Fields.Count == other.Fields.Count && one.Fields.OrderBy(field => field.Number).Zip(other.Fields.OrderBy(field => field.Number)).All(pair =>
            pair.First.Number == pair.Second.Number && pair.First.Name == pair.Second.Name && pair.First.Type == pair.Second.Type
            && pair.First.Repeated == pair.Second.Repeated
            && (pair.First.Message is null || AreSame(pair.First.Message, pair.Second.Message!, depth + 1)));
}
