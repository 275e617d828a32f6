package io.earshot.server;

import io.earshot.AddressRange;
import io.earshot.server.settings.SettingsException;
import io.earshot.server.settings.StartException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A self-signed certificate and its key, for testing TLS. The JDK has no public API that signs
 * certificates, so {@code keytool} makes them.
 *
 * <p>Immutable.
 *
 * @param cert the file of the certificate
 * @param key the file of the key; only the owner of the file may read it
 * @param names the host names and addresses in the certificate
 */
record SelfSigned(Path cert, Path key, List<String> names) {
  private static final Pattern NAME = Pattern.compile("(\\*\\.)?[A-Za-z0-9_]([A-Za-z0-9_.-]*)");

  /** The names of this machine itself. */
  private static final List<String> LOOPBACK = List.of("localhost", "127.0.0.1", "::1");

  private static final String DAYS = "365";

  /** The password of a temporary key store, in a folder that only this user may read. */
  private static final String PASSWORD = "temporary";

  /**
   * Makes {@code cert.pem} and {@code key.pem}.
   *
   * @param folder the folder for both files, which is created if it does not exist
   * @param hosts host names and addresses besides those of this machine
   * @param force whether to replace existing files
   * @throws SettingsException if a file exists, or a host is not a name or an address
   * @throws StartException if the files cannot be written
   */
  static SelfSigned make(Path folder, List<String> hosts, boolean force)
      throws SettingsException, StartException {
    var pair = new SelfSigned(folder.resolve("cert.pem"), folder.resolve("key.pem"), names(hosts));
    for (Path file : List.of(pair.cert, pair.key)) {
      if (!force && Files.exists(file)) {
        throw new SettingsException(file + " already exists; --force replaces it");
      }
    }
    try {
      var _ = Files.createDirectories(folder);
      Path temp = Files.createTempDirectory("earshot-cert");
      Path store = temp.resolve("store.p12");
      try {
        keytool(store, pair.names);
        pair.export(store);
      } finally {
        Files.deleteIfExists(store);
        Files.delete(temp);
      }
    } catch (IOException e) {
      throw new StartException("certificate and key cannot be made in " + folder + ": " + e, e);
    }
    return pair;
  }

  private static List<String> names(List<String> hosts) throws SettingsException {
    var names = new LinkedHashSet<>(LOOPBACK);
    for (String host : hosts) {
      if (!isAddress(host) && !NAME.matcher(host).matches()) {
        throw new SettingsException(
            "command line, --host "
                + host
                + ": give a name such as chat.example.org, or an address");
      }
      names.add(host);
    }
    return List.copyOf(names);
  }

  private static boolean isAddress(String host) {
    try {
      var _ = AddressRange.address(host);
      return true;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  private static void keytool(Path store, List<String> names) throws IOException {
    String alternatives =
        names.stream()
            .map(name -> (isAddress(name) ? "ip:" : "dns:") + name)
            .collect(Collectors.joining(","));
    var command =
        new ArrayList<>(
            List.of(Path.of(System.getProperty("java.home"), "bin", "keytool").toString()));
    command.addAll(
        List.of(
            "-J-XX:TieredStopAtLevel=1",
            "-J-XX:+UseSerialGC",
            "-genkeypair",
            "-alias",
            "pair",
            "-dname",
            "CN=" + names.get(names.size() > LOOPBACK.size() ? LOOPBACK.size() : 0)));
    command.addAll(List.of("-keyalg", "EC", "-groupname", "secp256r1", "-validity", DAYS));
    command.addAll(List.of("-ext", "san=" + alternatives, "-ext", "eku=serverAuth"));
    command.addAll(List.of("-ext", "ku=digitalSignature"));
    command.addAll(List.of("-storetype", "PKCS12", "-keystore", store.toString()));
    command.addAll(List.of("-storepass", PASSWORD));
    Process tool = new ProcessBuilder(command).redirectErrorStream(true).start();
    tool.getOutputStream().close();
    String said = new String(tool.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    try {
      if (tool.waitFor() != 0) {
        throw new IOException("keytool: " + said);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  private void export(Path store) throws IOException {
    try {
      char[] password = PASSWORD.toCharArray();
      KeyStore pair = KeyStore.getInstance(store.toFile(), password);
      write(key, "rw-------", "PRIVATE KEY", pair.getKey("pair", password).getEncoded());
      var certificate = (X509Certificate) pair.getCertificate("pair");
      write(cert, "rw-r--r--", "CERTIFICATE", certificate.getEncoded());
    } catch (GeneralSecurityException e) {
      throw new IOException(e);
    }
  }

  /** Writes a file that has its final permissions from the moment it is created. */
  private static void write(Path file, String mode, String what, byte... der) throws IOException {
    String base64 = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
    Files.deleteIfExists(file);
    boolean posix = FileSystems.getDefault().supportedFileAttributeViews().contains("posix");
    FileAttribute<?>[] attributes =
        posix
            ? new FileAttribute<?>[] {
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(mode))
            }
            : new FileAttribute<?>[0];
    Files.createFile(file, attributes);
    Files.writeString(
        file, "-----BEGIN " + what + "-----\n" + base64 + "\n-----END " + what + "-----\n");
  }

  /** The output of {@code ./earshot cert}: the files, and how to use them. */
  String explained() {
    return """
        Made %s and %s for %s; valid for %s days.
        No authority has signed the certificate: it is for tests,
        and clients have to be configured to trust it.
        Start a server with it:
          ./earshot %s %s
        """
        .formatted(
            cert, key, String.join(", ", names), DAYS, options("tcpServer"), options("httpServer"));
  }

  private String options(String section) {
    String set = "--set " + section;
    return String.join(
        " ",
        set + ".secure=true",
        set + ".certFile=" + quoted(cert),
        set + ".keyFile=" + quoted(key));
  }

  /** The file's name for a shell. */
  private static String quoted(Path file) {
    String text = file.toString();
    return text.matches("[\\w./-]+") ? text : "'" + text.replace("'", "'\\''") + "'";
  }
}
