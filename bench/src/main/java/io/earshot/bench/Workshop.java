package io.earshot.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Where servers are made ready to be started.
 *
 * <p>Immutable; the processes are thread-safe.
 *
 * @param root the checkout
 * @param folder where what is fetched and built is kept, so that the next run has it
 * @param children what is started
 * @param cores where tools run: on any, also while this process is pinned to one
 */
record Workshop(Path root, Path folder, Children children, Cores cores) {
  /** The sources of the peers. */
  Path sources(String peer) {
    return root.resolve("bench/peers").resolve(peer);
  }

  /** A folder for one peer, made if need be. */
  Path folderOf(String peer) {
    try {
      return Files.createDirectories(folder.resolve(peer));
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write to " + folder, e);
    }
  }

  /** Copies all files of a peer's source folder to its folder here. */
  Path copySources(String peer) throws Unavailable {
    Path from = sources(peer);
    Path to = folderOf(peer);
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
        Path copy = to.resolve(from.relativize(file).toString());
        Files.createDirectories(copy.getParent());
        Files.write(copy, Files.readAllBytes(file));
      }
    } catch (IOException e) {
      throw new Unavailable("cannot copy " + from + ": " + e.getMessage());
    }
    return to;
  }

  /** Runs a tool in a peer's folder until it ends; gives what it said. */
  String run(String peer, String... command) throws Unavailable, InterruptedException {
    Path folderOf = folderOf(peer);
    String name = String.valueOf(Path.of(command[0]).getFileName());
    return children.run(
        name, cores.unpin(List.of(command)), folderOf, folderOf.resolve(name + ".log"));
  }

  /** The version of a jar in a folder, by its name; the jar's name without its version is given. */
  static String jarVersion(Path jars, String name) throws Unavailable {
    try (DirectoryStream<Path> found = Files.newDirectoryStream(jars, name + "-[0-9]*.jar")) {
      for (Path jar : found) {
        String file = jar.getFileName().toString();
        return file.substring(name.length() + 1, file.length() - ".jar".length());
      }
    } catch (IOException e) {
      throw new Unavailable("cannot look into " + jars + ": " + e.getMessage());
    }
    throw new Unavailable("there is no " + name + " in " + jars);
  }
}
