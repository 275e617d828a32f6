package io.earshot.server.actions;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The contents of an actions folder at one moment: the texts of its {@code .java} files, and its
 * jars. Folders in it, and files whose names begin with a dot, are ignored.
 *
 * <p>Immutable.
 *
 * @param sources the texts by file name
 * @param unreadable the problems of files that could not be read
 * @param jars the jars
 */
record FolderContents(SortedMap<String, String> sources, List<Problem> unreadable, List<Jar> jars) {
  static final FolderContents EMPTY = new FolderContents(new TreeMap<>(), List.of(), List.of());

  /** A jar, with the size and the time by which a change is noticed. */
  record Jar(Path path, long size, FileTime modified) {}

  /** Reads a folder, which must exist. */
  static FolderContents of(Path folder) throws IOException {
    var sources = new TreeMap<String, String>();
    var unreadable = new ArrayList<Problem>();
    var jars = new TreeMap<String, Jar>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "[!.]*.{java,jar}")) {
      for (Path file : files) {
        String name = String.valueOf(file.getFileName());
        try {
          var attributes = Files.readAttributes(file, BasicFileAttributes.class);
          if (!attributes.isRegularFile()) {
            continue;
          }
          if (name.endsWith(".jar")) {
            jars.put(name, new Jar(file, attributes.size(), attributes.lastModifiedTime()));
          } else {
            sources.put(name, Files.readString(file));
          }
        } catch (NoSuchFileException e) {
          // Removed after the folder was listed.
        } catch (CharacterCodingException e) {
          unreadable.add(new Problem(name, 0, "not text in UTF-8"));
        } catch (IOException e) {
          unreadable.add(new Problem(name, 0, "cannot be read: " + e.getMessage()));
        }
      }
    }
    return new FolderContents(sources, List.copyOf(unreadable), List.copyOf(jars.values()));
  }

  /** The number of files. */
  int size() {
    return sources.size() + unreadable.size() + jars.size();
  }

  /** The paths of the jars. */
  List<Path> jarPaths() {
    return jars.stream().map(Jar::path).toList();
  }

  /** The texts without those of files that have problems. */
  static Map<String, String> without(Map<String, String> sources, List<Problem> problems) {
    var rest = new TreeMap<>(sources);
    problems.forEach(problem -> rest.remove(problem.file()));
    return rest;
  }
}
