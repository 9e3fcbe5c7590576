using Benchmarks;

// "slots COUNT STATE_DIRECTORY" measures slots; without words it is the plugin, which tells what it allocates.
return args is ["slots", var count, var stateDirectory]
    ? await Slots.MeasureAsync(int.Parse(count, System.Globalization.CultureInfo.InvariantCulture), stateDirectory)
    : await CountedPlugin.RunAsync(args);
