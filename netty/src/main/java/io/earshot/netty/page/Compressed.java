package io.earshot.netty.page;

import java.io.IOException;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The compressed forms that were asked for last, so that a request costs no more than its answer.
 *
 * <p>Thread-safe: a lock, held to look and to keep, never to compress.
 */
final class Compressed {
  private static final int MAX_BYTES = 16 << 20;

  /** The least lately used first. */
  private final Map<String, byte[]> forms = new LinkedHashMap<>(16, 0.75f, true);

  private long bytes;

  /** What reads the file as it is. */
  interface Source {
    byte[] read() throws IOException;
  }

  /** The compressed form of what is read, or of what was read before under the same name. */
  byte[] of(String name, Source source) throws IOException {
    synchronized (forms) {
      byte[] kept = forms.get(name);
      if (kept != null) {
        return kept;
      }
    }
    byte[] made = Representation.gzip(source.read());
    synchronized (forms) {
      byte[] before = forms.put(name, made);
      bytes += made.length - (before == null ? 0 : before.length);
      Iterator<byte[]> oldest = forms.values().iterator();
      while (bytes > MAX_BYTES) {
        bytes -= oldest.next().length;
        oldest.remove();
      }
    }
    return made;
  }
}
