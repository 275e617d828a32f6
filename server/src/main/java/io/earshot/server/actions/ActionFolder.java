package io.earshot.server.actions;

import io.earshot.Action;
import io.earshot.Api;
import io.earshot.Config;
import io.earshot.server.settings.SettingsException;
import io.earshot.server.settings.StartException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger.Level;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarFile;
import org.jspecify.annotations.Nullable;

/**
 * A folder whose files are actions and plug-ins: {@code .java} files, which are compiled in memory,
 * and jars. In development mode the folder is read again when it has changed.
 *
 * <p>The folder is polled. Change notifications of the operating system miss what some editors do,
 * and do not work on network disks.
 *
 * <p>Owned by the thread that starts the server, and after {@link #addTo} by the thread that polls;
 * {@link #close} may be called from any thread.
 */
public final class ActionFolder implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(ActionFolder.class.getName());
  private static final Duration POLL_INTERVAL = Duration.ofMillis(250);

  /** How long the folder must stay unchanged before it is compiled: a file may be half written. */
  private static final Duration SETTLED = Duration.ofMillis(50);

  /** The key of the objects of all jars, among those of single files. */
  private static final String JARS = "*.jar";

  private final Path folder;
  private final boolean isPolled;
  private final ActionCompiler compiler;
  private final CountDownLatch closed = new CountDownLatch(1);
  private final List<URLClassLoader> opened = new ArrayList<>();
  private final ServedActions served = new ServedActions();
  private @Nullable Thread poller;

  private FolderContents contents = FolderContents.EMPTY;
  private ClassLoader plugIns = ActionFolder.class.getClassLoader();
  private SortedMap<String, List<Object>> byFile = new TreeMap<>();

  /** The problems of the last version, which are not logged again. */
  private Set<Problem> known = Set.of();

  private ActionFolder(Path folder, boolean isPolled, ActionCompiler compiler) {
    this.folder = folder;
    this.isPolled = isPolled;
    this.compiler = compiler;
  }

  /**
   * Reads and compiles the folder of the settings.
   *
   * @return the folder, or null if the settings name none
   * @throws SettingsException if the folder does not exist or cannot be read
   * @throws StartException if the folder has source and this Java has no compiler
   */
  public static @Nullable ActionFolder of(Config config) throws SettingsException, StartException {
    return of(config, ActionCompiler.ofThisJava());
  }

  static @Nullable ActionFolder of(Config config, ActionCompiler compiler)
      throws SettingsException, StartException {
    String name = config.general().actionsFolder();
    if (name.isEmpty()) {
      return null;
    }
    FolderContents contents;
    Path path;
    try {
      path = Path.of(name);
      if (!Files.isDirectory(path)) {
        String what = Files.exists(path) ? name + " is not a folder" : "there is no folder " + name;
        throw new SettingsException(
            "general.actionsFolder: " + what + "; give one that exists to --actions");
      }
      contents = FolderContents.of(path);
    } catch (IOException | InvalidPathException e) {
      throw new SettingsException(
          "general.actionsFolder: the folder " + name + " cannot be read: " + e.getMessage());
    }
    if (compiler.isMissing() && !contents.sources().isEmpty()) {
      throw new StartException(
          "the folder " + name + " has .java files, and " + ActionCompiler.NEEDS_A_JDK);
    }
    var folder = new ActionFolder(path, config.general().developmentMode(), compiler);
    folder.load(contents);
    return folder;
  }

  /** Adds the folder's actions and plug-ins; in development mode also keeps them up to date. */
  public void addTo(Api api) {
    serve(api);
    if (isPolled) {
      poller = Thread.ofPlatform().daemon().name("actions folder").start(() -> poll(api));
    }
  }

  private void poll(Api api) {
    String lastError = "";
    try {
      while (!isClosedWithin(POLL_INTERVAL)) {
        try {
          FolderContents now = FolderContents.of(folder);
          if (!now.equals(contents)) {
            load(settled(now));
            serve(api);
          }
          lastError = "";
        } catch (IOException | RuntimeException | LinkageError e) {
          if (!lastError.equals(e.toString())) {
            LOG.log(
                Level.ERROR,
                "the folder " + folder + " could not be read again; its last actions stay: " + e);
          }
          lastError = e.toString();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean isClosedWithin(Duration time) throws InterruptedException {
    return closed.await(time.toMillis(), TimeUnit.MILLISECONDS);
  }

  private FolderContents settled(FolderContents changing) throws IOException, InterruptedException {
    FolderContents last = changing;
    while (!isClosedWithin(SETTLED)) {
      FolderContents now = FolderContents.of(folder);
      if (now.equals(last)) {
        break;
      }
      last = now;
    }
    return last;
  }

  /** Makes the objects of all files. A file with a problem keeps the objects that it had. */
  private void load(FolderContents now) {
    long began = System.nanoTime();
    var problems = new ArrayList<>(now.unreadable());
    List<Path> jars = now.jarPaths().stream().filter(jar -> isJar(jar, problems)).toList();
    boolean sameJars = now.jars().equals(contents.jars());
    contents = now;
    if (!sameJars) {
      plugIns = open(jars);
    }
    ActionCompiler.Compiled compiled = compiler.compile(now.sources(), jars, plugIns);
    problems.addAll(compiled.problems());
    var next = new TreeMap<String, List<Object>>();
    compiled
        .classes()
        .forEach(
            (file, names) -> {
              try {
                next.put(file, ActionMaker.made(names, compiled.loader()));
              } catch (ActionMaker.NotCreatableException e) {
                problems.add(new Problem(file, 0, String.valueOf(e.getMessage())));
              }
            });
    for (Problem problem : problems) {
      List<Object> before = byFile.getOrDefault(problem.file(), List.of());
      next.putIfAbsent(
          problem.file(), before.stream().map(each -> lastGood(each, problem)).toList());
    }
    if (!jars.isEmpty()) {
      List<Object> before = byFile.getOrDefault(JARS, List.of());
      next.put(JARS, sameJars ? before : PlugIns.in(plugIns));
    }
    byFile = next;
    problems.stream()
        .filter(problem -> !known.contains(problem))
        .forEach(problem -> LOG.log(Level.ERROR, problem.toString()));
    known = Set.copyOf(problems);
    long took = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began);
    LOG.log(Level.INFO, folder + ": read " + now.size() + " files in " + took + " ms");
  }

  private static Object lastGood(Object made, Problem problem) {
    return made instanceof Action action ? LastGood.of(action, problem) : made;
  }

  private static boolean isJar(Path path, List<Problem> problems) {
    try (var _ = new JarFile(path.toFile())) {
      return true;
    } catch (IOException e) {
      problems.add(
          new Problem(String.valueOf(path.getFileName()), 0, "not a jar: " + e.getMessage()));
      return false;
    }
  }

  private ClassLoader open(List<Path> jars) {
    ClassLoader own = ActionFolder.class.getClassLoader();
    if (jars.isEmpty()) {
      return own;
    }
    try {
      URL[] urls = new URL[jars.size()];
      for (int i = 0; i < urls.length; i++) {
        urls[i] = jars.get(i).toUri().toURL();
      }
      var loader = new URLClassLoader("plug-ins", urls, own);
      opened.add(loader);
      return loader;
    } catch (MalformedURLException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void serve(Api api) {
    Set<String> names = served.replace(byFile, api);
    LOG.log(Level.INFO, folder + ": serves " + String.join(", ", names));
  }

  /**
   * Ends polling and closes the jars. The server keeps the actions. Blocks for two seconds at most.
   */
  @Override
  public void close() {
    closed.countDown();
    try {
      if (poller != null) {
        poller.join(Duration.ofSeconds(2));
      }
      for (URLClassLoader loader : opened) {
        loader.close();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException e) {
      LOG.log(Level.WARNING, "a jar in " + folder + " could not be closed", e);
    }
  }
}
