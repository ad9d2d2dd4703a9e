# Tries ways over the network from where it runs: echoes of several sizes, TCP connections. It changes nothing.
#
# perl -e PROGRAM SECONDS echo:ADDRESS:OCTETS,OCTETS... tcp:ADDRESS:PORT...
#
# Writes what came back, a line each; what is not written did not answer:
#   echo ADDRESS OCTETS                 the echo came back whole
#   large ADDRESS OCTETS ROUTER MTU     a router says that the packet is too large, and what is not
#   lost ADDRESS OCTETS ROUTER          a router says that there is no way
#   tcp ADDRESS PORT open|refused|lost
#
# It takes no more than perl-base, which Cilium's images have with Ubuntu's, and NET_RAW, which agents have.
use strict;
use warnings;
use Errno qw(EINPROGRESS ECONNREFUSED);
use Fcntl qw(F_SETFL O_NONBLOCK);
use Socket;

use constant { HEADERS => 28, ECHO => 8, ANSWER => 0, UNREACHABLE => 3, TOO_LARGE => 4 };
use constant { IPPROTO_IP => 0, IPPROTO_ICMP => 1, IP_MTU_DISCOVER => 10, IP_PMTUDISC_PROBE => 3, SLICE => 0.1 };

$| = 1;
my $left = shift;
my $identity = $$ & 0xffff;
my (@echoes, %sockets, $raw);

for (@ARGV) {
    my ($kind, $address, $what) = split /:/;
    my $packed = inet_aton($address) or die "$address is no address\n";
    if ($kind eq 'echo') {
        push @echoes, map { { address => $address, packed => $packed, octets => $_ } } split /,/, $what;
        next;
    }
    socket(my $socket, PF_INET, SOCK_STREAM, 0) or die "socket: $!\n";
    fcntl($socket, F_SETFL, O_NONBLOCK) or die "fcntl: $!\n";
    if (connect($socket, sockaddr_in($what, $packed)) || $!{EINPROGRESS}) {
        $sockets{fileno $socket} = [$socket, $address, $what];
    } else {
        print "tcp $address $what ", ($!{ECONNREFUSED} ? 'refused' : 'lost'), "\n";
    }
}
if (@echoes) {
    socket($raw, PF_INET, SOCK_RAW, IPPROTO_ICMP) or die "socket: $!\n";
    setsockopt($raw, SOL_SOCKET, SO_RCVBUF, 4 << 20);
    # Never cut up, whatever the kernel remembers of the way.
    setsockopt($raw, IPPROTO_IP, IP_MTU_DISCOVER, pack('l', IP_PMTUDISC_PROBE)) or die "setsockopt: $!\n";
}

sub checksum {
    my $sum = unpack('%32n*', $_[0] . (length($_[0]) % 2 ? "\0" : ''));
    $sum = ($sum >> 16) + ($sum & 0xffff) while $sum >> 16;
    return ~$sum & 0xffff;
}

sub send_echoes {
    for my $number (grep { !$echoes[$_]{over} } 0 .. $#echoes) {
        my $rest = "\0" x ($echoes[$number]{octets} - HEADERS);
        my $head = sub { pack('CCnnn', ECHO, 0, $_[0], $identity, $number) };
        # What is too large for the own interface is refused here: it is lost in silence, as on the way.
        send($raw, $head->(checksum($head->(0) . $rest)) . $rest, 0, sockaddr_in(0, $echoes[$number]{packed}));
    }
}

sub take_echo {
    my $from = recv($raw, my $packet, 65535, 0) or return;
    my $icmp = substr($packet, 4 * (ord($packet) & 15));
    my ($type, $code, undef, $id, $number) = unpack('CCnnn', $icmp);
    my ($word, $rest) = ('echo', '');
    if ($type == UNREACHABLE && length($icmp) >= 36) {
        # It quotes the head of the packet that it is about.
        my $quoted = substr($icmp, 8);
        $rest = ' ' . inet_ntoa((sockaddr_in($from))[1]) . ($code == TOO_LARGE ? " $number" : '');
        $word = $code == TOO_LARGE ? 'large' : 'lost';
        (undef, undef, undef, $id, $number) = unpack('CCnnn', substr($quoted, 4 * (ord($quoted) & 15)));
    } elsif ($type != ANSWER) {
        return;
    }
    return if $id != $identity || $number > $#echoes || $echoes[$number]{over}++;
    print "$word $echoes[$number]{address} $echoes[$number]{octets}$rest\n";
}

my $again = $left / 2;
send_echoes() if $raw;
while ($left > 0 && (%sockets || grep { !$_->{over} } @echoes)) {
    if ($raw && $again && $left <= $again) { send_echoes(); $again = 0 }
    my ($readable, $writable) = ('', '');
    vec($readable, fileno $raw, 1) = 1 if $raw;
    vec($writable, $_, 1) = 1 for keys %sockets;
    # perl-base has no clock finer than seconds; Linux tells what is left of the time to wait.
    my ($found, $rest) = select($readable, $writable, undef, SLICE);
    $left -= SLICE - $rest;
    next if $found <= 0;
    take_echo() if $raw && vec($readable, fileno $raw, 1);
    for (grep { vec($writable, $_, 1) } keys %sockets) {
        my ($socket, $address, $port) = @{ delete $sockets{$_} };
        local $! = unpack('i', getsockopt($socket, SOL_SOCKET, SO_ERROR));
        print "tcp $address $port ", ($! ? $!{ECONNREFUSED} ? 'refused' : 'lost' : 'open'), "\n";
    }
}
