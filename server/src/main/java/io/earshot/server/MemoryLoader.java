package io.earshot.server;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Loads classes that were compiled in memory; together they are one generation.
 *
 * <p>Owned by the thread that compiles until its first class is loaded, and not changed any more
 * then.
 */
final class MemoryLoader extends ClassLoader {
  private final Map<String, byte[]> bytes = new HashMap<>();
  private final SortedMap<String, List<String>> namesByFile = new TreeMap<>();

  MemoryLoader(ClassLoader parent) {
    super("actions", parent);
  }

  void put(String file, String name, byte[] code) {
    bytes.put(name, code);
    namesByFile.computeIfAbsent(file, _ -> new ArrayList<>()).add(name);
  }

  /** The names of all classes by the file that they are from. */
  Map<String, List<String>> namesByFile() {
    return namesByFile;
  }

  @Override
  protected Class<?> findClass(String name) throws ClassNotFoundException {
    byte @Nullable [] code = bytes.get(name);
    if (code == null) {
      throw new ClassNotFoundException(name);
    }
    return defineClass(name, code, 0, code.length);
  }
}
