package io.earshot.server.actions;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Loads classes that were compiled in memory. Each version of the folder has a loader of its own.
 *
 * <p>Owned by the thread that compiles until the first class is loaded; immutable from then on.
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

  /** The names of the classes of each file. */
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
