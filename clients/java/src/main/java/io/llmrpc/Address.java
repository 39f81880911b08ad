package io.llmrpc;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Set;
import java.util.regex.Pattern;

/** Where a gateway is, as gRPC takes it. */
final class Address {
  static final int PORT = 50051;
  static final String DEFAULT = "localhost:" + PORT;

  /** What gRPC resolves itself. */
  private static final Set<String> SCHEMES =
      Set.of("dns", "ipv4", "ipv6", "unix", "unix-abstract", "vsock", "xds");

  /** What is read as an address without asking any name server. */
  private static final Pattern LITERAL = Pattern.compile("\\d+(\\.\\d+){3}|[0-9a-fA-F.]*:.*");

  private Address() {}

  /**
   * The address with our port where it has none; one with a scheme of gRPC's stays as it is.
   *
   * @throws IllegalArgumentException for a URL
   */
  static String withPort(String address) {
    if (address.isEmpty()) {
      return DEFAULT;
    }
    int colon = address.indexOf(':');
    if (colon >= 0 && SCHEMES.contains(address.substring(0, colon))) {
      return address;
    }
    if (address.contains("/")) {
      String rest = address.substring(address.indexOf("://") < 0 ? 0 : address.indexOf("://") + 3);
      String authority = rest.split("/", 2)[0];
      String host = authority.substring(authority.lastIndexOf('@') + 1);
      String tls = address.startsWith("https:") ? "; TLS has its own option" : "";
      throw new IllegalArgumentException(
          "the address is a URL; give host:port alone, such as " + withPort(host) + tls);
    }
    boolean bareIpv6 = colon != address.lastIndexOf(':') && !address.startsWith("[");
    if (bareIpv6) {
      return "[" + address + "]:" + PORT;
    }
    boolean hasPort = address.indexOf(':', address.lastIndexOf(']') + 1) >= 0;
    return hasPort ? address : address + ":" + PORT;
  }

  /** Whether the address is this machine for sure: no name but {@code localhost} is. */
  static boolean isLoopback(String address) {
    int colon = address.indexOf(':');
    String scheme = colon < 0 ? "" : address.substring(0, colon);
    if (scheme.equals("unix") || scheme.equals("unix-abstract")) {
      return true;
    }
    String rest = address;
    if (SCHEMES.contains(scheme)) {
      if (!Set.of("dns", "ipv4", "ipv6").contains(scheme)) {
        return false;
      }
      rest = address.substring(Math.max(colon, address.lastIndexOf('/')) + 1);
    }
    String host = host(rest);
    if (host.equals("localhost")) {
      return true;
    }
    try {
      return LITERAL.matcher(host).matches() && InetAddress.getByName(host).isLoopbackAddress();
    } catch (UnknownHostException e) {
      return false;
    }
  }

  private static String host(String hostAndPort) {
    if (hostAndPort.startsWith("[")) {
      return hostAndPort.substring(1).split("]", 2)[0];
    }
    int last = hostAndPort.lastIndexOf(':');
    return last < 0 ? hostAndPort : hostAndPort.substring(0, last);
  }
}
