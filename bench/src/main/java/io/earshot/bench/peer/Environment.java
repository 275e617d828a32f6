package io.earshot.bench.peer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * The folders, processes and cores with which servers are built and started.
 *
 * <p>Immutable; the processes are thread-safe.
 *
 * @param root the root of the checkout
 * @param folder where downloads and builds are kept for the next run
 * @param processes the processes that are started
 * @param cores the cores that processes run on
 */
public record Environment(Path root, Path folder, ChildProcesses processes, Cores cores) {
  static final String CERTIFICATE = "cert.pem";
  static final String KEY = "key.pem";
  static final String CERTIFICATE_AND_KEY = "both.pem";

  /**
   * Makes the certificate of all servers with TLS: self-signed, with an EC P-256 key.
   *
   * @throws UnavailableException if Earshot, which makes it, cannot be built
   */
  public void makeCertificate() throws UnavailableException, InterruptedException {
    Path made = certificate();
    String earshot = root.resolve("earshot").toString();
    run("tls", earshot, "cert", "--force", "--out", made.toString());
    try {
      Files.writeString(
          made.resolve(CERTIFICATE_AND_KEY),
          Files.readString(made.resolve(CERTIFICATE)) + Files.readString(made.resolve(KEY)));
    } catch (IOException e) {
      throw new UnavailableException("cannot write the certificate: " + e.getMessage());
    }
  }

  /** The folder of the certificate and its key. */
  Path certificate() {
    return folderOf("tls");
  }

  static int freePort() {
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException("no free port", e);
    }
  }

  /** The sources of the peers. */
  Path sources(String peer) {
    return root.resolve("bench/peers").resolve(peer);
  }

  /** The folder of one peer, created if it does not exist. */
  Path folderOf(String peer) {
    try {
      return Files.createDirectories(folder.resolve(peer));
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write to " + folder, e);
    }
  }

  /** Copies all sources of a peer to its folder. */
  Path copySources(String peer) throws UnavailableException {
    Path from = sources(peer);
    Path to = folderOf(peer);
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
        Path copy = to.resolve(from.relativize(file).toString());
        Files.createDirectories(copy.getParent());
        Files.write(copy, Files.readAllBytes(file));
      }
    } catch (IOException e) {
      throw new UnavailableException("cannot copy " + from + ": " + e.getMessage());
    }
    return to;
  }

  /** Runs a tool in a peer's folder until it ends. Returns its output. */
  String run(String peer, String... command) throws UnavailableException, InterruptedException {
    Path folderOf = folderOf(peer);
    String name = String.valueOf(Path.of(command[0]).getFileName());
    return processes.run(
        name, cores.unpin(List.of(command)), folderOf, folderOf.resolve(name + ".log"));
  }

  /** The version in the file name of a jar; {@code name} is the file name without it. */
  static String jarVersion(Path jars, String name) throws UnavailableException {
    try (DirectoryStream<Path> found = Files.newDirectoryStream(jars, name + "-[0-9]*.jar")) {
      for (Path jar : found) {
        String file = jar.getFileName().toString();
        return file.substring(name.length() + 1, file.length() - ".jar".length());
      }
    } catch (IOException e) {
      throw new UnavailableException("cannot read " + jars + ": " + e.getMessage());
    }
    throw new UnavailableException("there is no " + name + " in " + jars);
  }
}
