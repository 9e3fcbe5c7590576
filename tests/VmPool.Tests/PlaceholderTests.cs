namespace VmPool.Tests;

public sealed class PlaceholderTests
{
    [Fact]
    public void The_project_is_referenced() => Assert.NotNull(typeof(PlaceholderTests).Assembly);
}
