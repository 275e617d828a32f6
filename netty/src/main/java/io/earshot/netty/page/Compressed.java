package io.earshot.netty.page;

import java.io.IOException;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A cache of the compressed files that were requested last.
 *
 * <p>Thread-safe: guarded by a lock, which is not held while a file is compressed.
 */
final class Compressed {
  private static final int MAX_BYTES = 16 << 20;

  /** By name; the least recently used first. */
  private final Map<String, byte[]> files = new LinkedHashMap<>(16, 0.75f, true);

  private long bytes;

  /** Reads a file. */
  interface Source {
    byte[] read() throws IOException;
  }

  /** The compressed file of a name: from the cache, or read and compressed now. */
  byte[] of(String name, Source source) throws IOException {
    synchronized (files) {
      byte[] kept = files.get(name);
      if (kept != null) {
        return kept;
      }
    }
    byte[] made = Representation.gzip(source.read());
    synchronized (files) {
      byte[] before = files.put(name, made);
      bytes += made.length - (before == null ? 0 : before.length);
      Iterator<byte[]> oldest = files.values().iterator();
      while (bytes > MAX_BYTES) {
        bytes -= oldest.next().length;
        oldest.remove();
      }
    }
    return made;
  }
}
