package io.earshot.disk;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Executor;

/**
 * The disk and the machine; tests replace them.
 *
 * @param segmentBytes the size of a file, in bytes
 * @param machine identifies the machine and its boot; empty if that is not known
 * @param background runs the tasks that create and delete files
 * @param space asked before each file is written
 */
public record Disk(int segmentBytes, String machine, Executor background, Space space) {

  /** Limits the space for files, so that a test can fill a disk. */
  public interface Space {
    /**
     * Refuses a file for which there is no space.
     *
     * @throws IOException if a disk would refuse it
     */
    void check(Path file) throws IOException;
  }

  public Disk(int segmentBytes, String machine, Executor background) {
    this(segmentBytes, machine, background, ignored -> {});
  }

  public static Disk ofThisMachine() {
    return new Disk(16 << 20, thisMachine(), Thread::startVirtualThread);
  }

  /** Linux has an id of the boot; other systems use the start time of the first process. */
  private static String thisMachine() {
    try {
      return Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip();
    } catch (IOException e) {
      return ProcessHandle.of(1)
          .flatMap(first -> first.info().startInstant())
          .map(Object::toString)
          .orElse("");
    }
  }
}
