/// Scripts that make the versions of a system with something of everything that a tree can hold.
enum EndToEndTrees {
  static let scripts = [first, second, third]

  static let first = """
    mkdir -p usr/bin usr/lib/deep/er etc dev var renamed/inner dirs 'odd names' swap2
    cp /bin/ls usr/bin/program; cp /bin/cat usr/bin/moved; cp /bin/ls usr/lib/deep/er/so.1.2.3
    cp /bin/echo renamed/inner/tool; cp /bin/true usr/bin/capable
    for i in $(seq 80); do mkdir dirs/$i; echo "file $i" >dirs/$i/file; done
    ln usr/bin/program usr/bin/hard; ln -s ../usr/bin/program etc/link
    ln -s $'no\\nwhere \\xff' etc/dangling
    mknod dev/null c 1 3; mknod dev/loop b 7 0; mkfifo -m 640 dev/fifo
    echo note >etc/note; setfattr -n user.note -v one etc/note; setfattr -n user.gone -v x etc/note
    echo acl >etc/acl; setfacl -m u:12:rw etc/acl; mkdir etc/acls; setfacl -d -m g:5:rx etc/acls
    setcap cap_net_raw+ep usr/bin/capable
    truncate -s 3M var/sparse; printf middle | dd of=var/sparse bs=1 seek=1500000 conv=notrunc
    : >etc/empty; echo file >swap; echo inner >swap2/inner
    echo 1 >$'odd names/new\\nline'; echo 1 >$'odd names/\\xff\\xfe'
    echo 1 >'odd names/"quoted" \\\\ grüße'; echo 1 >'odd names/ -rf *'
    echo kept >etc/immutable; chattr +i etc/immutable
    btrfs -q subvolume create var/nested; echo own >var/nested/file
    chown 12:34 etc/note; chmod 4755 usr/bin/moved; chmod 1777 var
    touch -d '2001-02-03 04:05:06.789' etc/empty; touch -h -d '1999-01-01' etc/link
    """

  static let second = """
    for i in $(seq 80); do echo "changed $i" >dirs/$i/file; echo new >dirs/$i/new; done
    printf patched | dd of=usr/bin/program bs=1 seek=20000 conv=notrunc
    mv renamed 'other name'; printf x | dd of='other name/inner/tool' bs=1 seek=5000 conv=notrunc
    mv usr/bin/moved usr/lib/elsewhere; printf y | dd of=usr/lib/elsewhere bs=1 conv=notrunc
    (head -c 30000 usr/lib/deep/er/so.1.2.3; echo more; tail -c +30001 usr/lib/deep/er/so.1.2.3) \\
      >usr/lib/deep/er/so.1.2.10; rm usr/lib/deep/er/so.1.2.3
    rm usr/bin/hard; ln usr/lib/elsewhere etc/hard; cp --reflink=always usr/bin/program usr/copy
    rm swap; mkdir swap; echo inside >swap/inside; rm -r swap2; echo file >swap2
    rm dev/fifo; mknod dev/fifo c 5 1; rm dev/loop; mkfifo dev/loop
    ln -sfn elsewhere etc/link; setfattr -n user.note -v two etc/note; setfattr -x user.gone etc/note
    setfacl -b etc/acl; setfacl -d -m g:6:rwx etc/acls; setcap cap_chown+ep usr/bin/capable
    fallocate -p -o 1400000 -l 200000 var/sparse; printf end >>var/sparse
    echo full >etc/empty; : >etc/emptied; echo 2 >$'odd names/new\\nline'
    echo 2 >$'odd names/\\xff\\xfe'; mv 'odd names/ -rf *' $'odd names/\\x01\\x7f'
    chattr -i etc/immutable; echo changed >etc/immutable; chattr +i etc/immutable
    chown 0:0 etc/note; chmod 600 etc/note
    """

  static let third = """
    rm -r swap; echo file >swap; rm swap2; mkdir swap2; echo inner >swap2/inner
    mv 'other name' renamed; rm -r dirs; mkdir dirs; echo only >dirs/one
    rm etc/hard; : >etc/empty; truncate -s 1M var/sparse; head -c 100000 /dev/zero >usr/zero
    """
}
