package io.earshot.disk;

import java.io.IOException;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import org.jspecify.annotations.Nullable;

/**
 * A file in memory. From Java 25 on it is unmapped when it is closed. Before, the garbage collector
 * unmaps it, and only then is the space of a deleted file free: Java 21 cannot compute the checksum
 * of a buffer that a program unmaps.
 *
 * <p>{@code java.lang.foreign} is called by its names, once when a file is opened and once when it
 * is closed, since this module is compiled for Java 21.
 *
 * <p>Owned by whoever has opened it.
 */
public final class MappedFile implements AutoCloseable {
  private static final int UNMAPS = 25;

  private final @Nullable Arena arena;
  private final MappedByteBuffer bytes;

  private MappedFile(@Nullable Arena arena, MappedByteBuffer bytes) {
    this.arena = arena;
    this.bytes = bytes;
  }

  /** Maps a file from its start. */
  public static MappedFile of(FileChannel channel, MapMode mode, long size) throws IOException {
    if (Runtime.version().feature() < UNMAPS) {
      return new MappedFile(null, channel.map(mode, 0, size));
    }
    Arena arena = Arena.open();
    try {
      return new MappedFile(arena, arena.map(channel, mode, size));
    } catch (IOException | RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  /** The bytes of the file. They are not used after {@link #close}. */
  public MappedByteBuffer bytes() {
    return bytes;
  }

  @Override
  public void close() {
    if (arena != null) {
      arena.close();
    }
  }

  /** An arena of {@code java.lang.foreign}, whose mapped memory lives until it is closed. */
  private record Arena(Object of) {
    private static final MethodHandle OPEN;
    private static final MethodHandle MAP;
    private static final MethodHandle BYTES;
    private static final MethodHandle CLOSE;

    static {
      try {
        MethodHandles.Lookup lookup = MethodHandles.publicLookup();
        Class<?> arena = Class.forName("java.lang.foreign.Arena");
        Class<?> memory = Class.forName("java.lang.foreign.MemorySegment");
        OPEN =
            lookup
                .findStatic(arena, "ofShared", MethodType.methodType(arena))
                .asType(MethodType.methodType(Object.class));
        MAP =
            lookup
                .findVirtual(
                    FileChannel.class,
                    "map",
                    MethodType.methodType(memory, MapMode.class, long.class, long.class, arena))
                .asType(
                    MethodType.methodType(
                        Object.class,
                        FileChannel.class,
                        MapMode.class,
                        long.class,
                        long.class,
                        Object.class));
        BYTES =
            lookup
                .findVirtual(memory, "asByteBuffer", MethodType.methodType(ByteBuffer.class))
                .asType(MethodType.methodType(ByteBuffer.class, Object.class));
        CLOSE =
            lookup
                .findVirtual(arena, "close", MethodType.methodType(void.class))
                .asType(MethodType.methodType(void.class, Object.class));
      } catch (ReflectiveOperationException e) {
        throw new LinkageError("this Java has no java.lang.foreign", e);
      }
    }

    static Arena open() {
      try {
        return new Arena((Object) OPEN.invokeExact());
      } catch (Throwable e) {
        throw unexpected(e);
      }
    }

    MappedByteBuffer map(FileChannel channel, MapMode mode, long size) throws IOException {
      try {
        Object memory = (Object) MAP.invokeExact(channel, mode, 0L, size, of);
        return (MappedByteBuffer) (ByteBuffer) BYTES.invokeExact(memory);
      } catch (IOException e) {
        throw e;
      } catch (Throwable e) {
        throw unexpected(e);
      }
    }

    void close() {
      try {
        CLOSE.invokeExact(of);
      } catch (Throwable e) {
        throw unexpected(e);
      }
    }

    private static RuntimeException unexpected(Throwable e) {
      if (e instanceof Error error) {
        throw error;
      }
      return e instanceof RuntimeException failure ? failure : new IllegalStateException(e);
    }
  }
}
