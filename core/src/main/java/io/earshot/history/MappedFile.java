package io.earshot.history;

import java.io.IOException;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;

/**
 * A file in memory, until it is closed: only then is the space of a deleted file free.
 *
 * <p>Without {@code java.lang.foreign}, the garbage collector decides when a file is unmapped. Java
 * 21 has that package, but only compiles programs against it that cannot run on later versions. So
 * it is called by its names, once when a file is opened and once when it is closed.
 *
 * <p>Owned by the room's event loop.
 */
final class MappedFile implements AutoCloseable {
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
      throw new LinkageError("Java 21 or newer maps files by java.lang.foreign", e);
    }
  }

  private final Object arena;
  private final MappedByteBuffer bytes;

  private MappedFile(Object arena, MappedByteBuffer bytes) {
    this.arena = arena;
    this.bytes = bytes;
  }

  /** Maps a file from its start. */
  static MappedFile of(FileChannel channel, MapMode mode, long size) throws IOException {
    try {
      Object arena = (Object) OPEN.invokeExact();
      try {
        Object memory = (Object) MAP.invokeExact(channel, mode, 0L, size, arena);
        return new MappedFile(arena, (MappedByteBuffer) (ByteBuffer) BYTES.invokeExact(memory));
      } catch (Throwable e) {
        CLOSE.invokeExact(arena);
        throw e;
      }
    } catch (IOException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("a method of the JDK threw what it does not declare", e);
    }
  }

  /** The bytes of the file. Using them after {@link #close} throws an exception. */
  MappedByteBuffer bytes() {
    return bytes;
  }

  @Override
  public void close() {
    try {
      CLOSE.invokeExact(arena);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("a method of the JDK threw what it does not declare", e);
    }
  }
}
