// Each scenario compares the whole host before and after, so nothing else may run meanwhile.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
