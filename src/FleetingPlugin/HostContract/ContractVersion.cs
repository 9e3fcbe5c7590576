using System.Globalization;

namespace FleetingPlugin.HostContract;

/// <summary>Orders several contracts of one executable: by the number in the package or service name, then by what they offer.</summary>
internal readonly record struct ContractVersion(int Number, bool Stable, int Methods, int Fields) : IComparable<ContractVersion>
{
    public static ContractVersion Of(WireContract contract)
    {
        var number = 0;
        var stable = true;
        foreach (string part in contract.Service.FullName.Split('.'))
        {
            // "v2", "v1beta3", and a service named FleetingV2.
            int v = part.LastIndexOfAny(['v', 'V']);
            string digits = new([.. part.Skip(v + 1).TakeWhile(char.IsAsciiDigit)]);
            if (v >= 0 && int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int parsed) && parsed >= number)
            {
                number = parsed;
                stable = v + 1 + digits.Length == part.Length;
            }
        }
        return new(number, stable, contract.Service.Methods.Count, contract.Service.Methods.Sum(method => method.Input.Fields.Count + method.Output.Fields.Count));
    }

    public int CompareTo(ContractVersion other) =>
        (Number, Stable, Methods, Fields).CompareTo((other.Number, other.Stable, other.Methods, other.Fields));
}
