using Microsoft.Extensions.Logging.Abstractions;
using VmPool.Images;

namespace VmPool.Tests.Images;

public sealed class BuildLogTests
{
    [Fact]
    public void A_full_disk_ends_the_file_but_neither_the_build_nor_the_tail()
    {
        using (var log = new BuildLog(new FullDisk(), "/nowhere", TimeProvider.System, NullLogger.Instance))
        {
            log.Write("one");
            log.Write("two");

            Assert.Equal("one | two", log.Tail());
        }
    }

    private sealed class FullDisk : MemoryStream
    {
        public override void Write(byte[] buffer, int offset, int count) => throw new IOException("No space left on device");

        public override void Write(ReadOnlySpan<byte> buffer) => throw new IOException("No space left on device");
    }
}
